import type { Clock } from './ports/clock.ts';
import type { Metrics } from './ports/metrics.ts';

/** Where the metrics are in CloudWatch, and what tells them apart: every further set of dimensions is a metric that is paid for. */
const namespace = 'Sluice';
const dimensions = [['stage', 'environment']];

const directive = (names: readonly string[]) => ({
  Namespace: namespace,
  Dimensions: dimensions,
  Metrics: names.map((Name) => ({ Name, Unit: 'Count' })),
});

/**
 * The metrics of an invocation as one line of CloudWatch's embedded metric format: counts and two names, no API call.
 * `write` must put the text on standard output as it is. Lambda's console methods would not: with the JSON log format they
 * wrap what they are given into an object of their own, and CloudWatch then finds no metric in it.
 * Source: AWS, "Specification: Embedded metric format", "Configuring JSON and plain text log formats".
 */
export const createEmfMetrics =
  ({
    environment,
    write,
    clock,
  }: {
    readonly environment: string;
    readonly write: (line: string) => void;
    readonly clock: Pick<Clock, 'now'>;
  }): Metrics =>
  ({ stage, rowsIn, rowsOut, retried, dead, messagesFailed, jobs }) => {
    const values = {
      RowsIn: rowsIn,
      RowsOut: rowsOut,
      RowsRetried: retried,
      RowsDead: dead,
      MessagesFailed: messagesFailed,
      ...(jobs === undefined
        ? {}
        : { JobsHeld: jobs.held, JobsStalled: jobs.stalled, JobsInconsistent: jobs.inconsistent }),
    };
    const _aws = { Timestamp: clock.now(), CloudWatchMetrics: [directive(Object.keys(values))] };
    write(`${JSON.stringify({ _aws, stage, environment, ...values })}\n`);
  };
