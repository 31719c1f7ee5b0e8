import type { Clock } from '@sluice/core/ports/clock';
import type { StageName, StageSettings } from '@sluice/core/wiring';
import type { Context } from 'aws-lambda';

// What runs a Lambda function: its context, its time-out.
//
// Models: the context's identity and remaining time; a function that throws or takes too long has failed. Does not model: cold
// starts, memory limits, environment reuse. A function in this process cannot be stopped: its late answer is ignored. One in a
// worker is stopped (worker-function.ts).

/** A function as Lambda calls it. */
export type LocalFunction = (event: unknown, context: Context) => Promise<unknown>;

export type InvocationResult =
  | { readonly status: 'answered'; readonly response: unknown }
  | { readonly status: 'failed' };

const failed: InvocationResult = { status: 'failed' };

/** Said when an invocation is over: an error made for it each time would cost more than the rest. */
const isOver = 'the invocation is over';

/** Calls a function as Lambda does. Never throws. */
export const invoke = async (
  run: LocalFunction,
  stage: StageName,
  settings: StageSettings,
  event: unknown,
  requestId: string,
  clock: Clock,
): Promise<InvocationResult> => {
  const endsAt = clock.now() + settings.timeoutSeconds * 1000;
  const context: Context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: stage,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${stage}`,
    memoryLimitInMB: String(settings.memoryMegabytes),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${stage}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, endsAt - clock.now()),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
  const watchdog = new AbortController();
  const timeout = clock.sleep(settings.timeoutSeconds * 1000, watchdog.signal).then(
    () => failed,
    () => failed,
  );
  const answer = new Promise((resolve) => resolve(run(event, context))).then(
    (response): InvocationResult => ({ status: 'answered', response }),
    () => failed,
  );
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    watchdog.abort(isOver);
  }
};
