import type { Context } from 'aws-lambda';
import type { FromBundle, ToBundle } from './bundle-process.ts';

// Runs in a process of its own, in the place of Lambda's runtime: imports the module named by the first argument, and gives its
// handler one event after another.

type Handler = (event: unknown, context: Context) => Promise<unknown>;

const tell = (message: FromBundle): void => void process.send?.(message);

const load = async (module: string): Promise<Handler | undefined> => {
  try {
    const { handler } = (await import(module)) as { readonly handler: Handler };
    tell({ kind: 'started' });
    return handler;
  } catch (thrown) {
    tell({ kind: 'not started', message: thrown instanceof Error ? thrown.message : String(thrown) });
    return undefined;
  }
};

const handler = await load(process.argv[2] ?? '');
let invocations = 0;

process.on('message', async ({ event, milliseconds }: ToBundle) => {
  const endsAt = Date.now() + milliseconds;
  const context = {
    awsRequestId: `request-${++invocations}`,
    functionName: 'function',
    memoryLimitInMB: '1024',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:function',
    getRemainingTimeInMillis: () => endsAt - Date.now(),
  } as Context;
  try {
    tell({ kind: 'answered', answer: await handler?.(event, context) });
  } catch (thrown) {
    tell({ kind: 'failed', message: String(thrown) });
  }
});
