import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { jobsTable } from '@sluice/core/aws/table-contract-set-up';
import type { NullAnswer, NullCounts, NullQuestion } from './null-counts.ts';

/**
 * SQS, DynamoDB and S3 on one port of loopback, in a process of its own: they answer correctly, cost little and keep nothing of what
 * is measured. There are a table `rows`, a table `jobs` (which keeps its items), any queue and any bucket.
 */
export type NullEndpoint = {
  readonly url: string;
  queueUrl(name: string): string;
  counts(): Promise<NullCounts>;
  /** Counts and CPU begin at zero again. Jobs and objects stay. */
  reset(): Promise<void>;
  /** CPU, user and system, that the endpoint itself has used since it was started or reset. */
  cpuSeconds(): Promise<number>;
  /** Makes a file the object of that name. It must not change while it is served. Rejects when there is no such file. */
  serve(bucket: string, key: string, path: string): Promise<void>;
  /** Ends the process, with open connections. */
  close(): Promise<void>;
};

/** What a client needs in its environment to work with a null endpoint. */
export const nullEnvironment = (url: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'null',
  AWS_SECRET_ACCESS_KEY: 'null',
});

const createJobsTable = async (url: string): Promise<void> => {
  const { status } = await fetch(url, {
    method: 'POST',
    headers: { 'x-amz-target': 'DynamoDB_20120810.CreateTable', connection: 'close' },
    body: JSON.stringify({
      TableName: 'jobs',
      ...jobsTable,
      GlobalSecondaryIndexes: jobsTable.GlobalSecondaryIndexes.map(({ IndexName, KeySchema }) => ({
        IndexName,
        KeySchema,
      })),
    }),
  });
  if (status !== 200) throw new Error(`expected the jobs table to be created, found status ${status}`);
};

type Ask = NullQuestion extends infer Each ? (Each extends NullQuestion ? Omit<Each, 'number'> : never) : never;

export const startNullEndpoint = async (): Promise<NullEndpoint> => {
  const child = fork(fileURLToPath(new URL('./null-server.ts', import.meta.url)), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').catch((thrown: unknown) => thrown);
  const endedEarly = async (): Promise<never> => {
    await ended;
    throw new Error('expected the null endpoint to run, found that it has ended');
  };
  const [url] = (await Promise.race([once(child, 'message'), endedEarly()])) as [string];

  let asked = 0;
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  child.on('message', ({ number, value, error }: NullAnswer) => {
    const { resolve, reject } = open.get(number) ?? {};
    open.delete(number);
    if (error === undefined) resolve?.(value);
    else reject?.(new Error(error));
  });
  const ask = (question: Ask): Promise<unknown> => {
    const answer = new Promise<unknown>((resolve, reject) => {
      const number = ++asked;
      open.set(number, { resolve, reject });
      child.send({ ...question, number } satisfies NullQuestion, (error) => error && reject(error));
    });
    return Promise.race([answer, endedEarly()]);
  };

  const endpoint: NullEndpoint = {
    url,
    queueUrl: (name) => `${url}/000000000000/${name}`,
    counts: () => ask({ ask: 'counts' }) as Promise<NullCounts>,
    reset: () => ask({ ask: 'reset' }) as Promise<void>,
    cpuSeconds: () => ask({ ask: 'cpuSeconds' }) as Promise<number>,
    serve: (bucket, key, path) => ask({ ask: 'serve', bucket, key, path }) as Promise<void>,
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill();
      await ended;
    },
  };
  try {
    await createJobsTable(url);
    // What starting cost is nobody's work.
    await endpoint.reset();
    return endpoint;
  } catch (thrown) {
    await endpoint.close();
    throw thrown;
  }
};
