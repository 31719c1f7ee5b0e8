import { readFileSync, writeSync } from 'node:fs';
import type { Processor } from '@sluice/core/processor';
import { runLogged } from '@sluice/simulator/logs/logged-run';

// One run of the whole pipeline as it is on AWS, in virtual time: node log-bytes-worker.ts FILE SCHEMA PROCESSOR SAMPLE_RATE
//
// Standard output is its log. On file descriptor 4 it tells what it came to.

export type LoggedBytes = {
  readonly state: string;
  readonly rows: number;
  /** Of the events of all invocations as JSON, each with a line end: what the usual logging of them would write. */
  readonly eventBytes: number;
};

const [file = '', schemaFile = '', processorFile = '', sampleRate = '0'] = process.argv.slice(2);
const { default: processor } = (await import(processorFile)) as { readonly default: Processor };
const schema: unknown = JSON.parse(readFileSync(schemaFile, 'utf8'));

let eventBytes = 0;
const { jobs } = await runLogged({
  files: { 'transactions.csv': readFileSync(file) },
  profiles: [{ prefix: '', schema }],
  processor,
  sampleRate: Number(sampleRate),
  onEvent: (event) => {
    eventBytes += Buffer.byteLength(JSON.stringify(event)) + 1;
  },
});
const [job] = jobs;
const told: LoggedBytes = { state: job?.state ?? 'none', rows: job?.plan?.rows ?? 0, eventBytes };
writeSync(4, JSON.stringify(told));
