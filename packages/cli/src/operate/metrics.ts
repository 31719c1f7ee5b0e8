import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type MetricDataQuery,
  type MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import { toServiceError } from '@sluice/core/aws/service-error';
import { SluiceError } from '@sluice/core/errors';

/** One metric of CloudWatch. `id` is the caller's name for it. */
export type MetricQuery = {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: 'Sum' | 'Maximum' | 'Average';
};

/** `at`: the beginning of the period, in milliseconds since the Unix epoch. */
export type MetricPoint = { readonly at: number; readonly value: number };

/** `periodSeconds`: a multiple of 60; from 300 on for what is 15 days old, from 3,600 on for 63. Source: CloudWatch, "Metrics retention". */
export type MetricWindow = { readonly from: number; readonly to: number; readonly periodSeconds: number };

/** Points by the queries' ids, in ascending time; a metric that nobody reported has none. */
export type MetricReader = (
  queries: readonly MetricQuery[],
  window: MetricWindow,
) => Promise<ReadonlyMap<string, readonly MetricPoint[]>>;

/** Metrics of one call. Source: CloudWatch, GetMetricData. */
const queriesPerCall = 500;

const refusals: ReadonlySet<string> = new Set();

/** What a metric's result must say of itself; `PartialData` goes on with the next page. Source: CloudWatch, MetricDataResult. */
const answered: ReadonlySet<string | undefined> = new Set(['Complete', 'PartialData', undefined]);

/** By position: CloudWatch takes letters, digits and underscores only, and no text of a caller's goes to it. */
const toId = (index: number): string => `m${index}`;

const toDataQuery = ({ namespace, name, dimensions, statistic }: MetricQuery, index: number, period: number) =>
  ({
    Id: toId(index),
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: period,
      Stat: statistic,
    },
  }) satisfies MetricDataQuery;

const pointsOf = ({ Timestamps = [], Values = [] }: MetricDataResult): MetricPoint[] =>
  Timestamps.flatMap((time, index) => {
    const value = Values[index];
    return value === undefined ? [] : [{ at: time.getTime(), value }];
  });

/**
 * Reads metrics by GetMetricData: 500 series a call and any number of points, $0.01 per thousand series. (GetMetricStatistics is
 * free, but takes a call for each series and ends at 1,440 points, which is a day by the minute.) Throws SluiceError THROTTLED or
 * UNKNOWN, the latter also when CloudWatch answers but has not read a metric.
 */
export const createMetricReader =
  (client: CloudWatchClient): MetricReader =>
  async (queries, { from, to, periodSeconds }) => {
    const points = new Map<string, MetricPoint[]>(queries.map(({ id }) => [id, []]));
    for (let start = 0; start < queries.length; start += queriesPerCall) {
      const asked = queries.slice(start, start + queriesPerCall);
      const byId = new Map(asked.map(({ id }, index) => [toId(index), id]));
      let NextToken: string | undefined;
      do {
        const answer = await client
          .send(
            new GetMetricDataCommand({
              MetricDataQueries: asked.map((query, index) => toDataQuery(query, index, periodSeconds)),
              StartTime: new Date(from),
              EndTime: new Date(to),
              ScanBy: 'TimestampAscending',
              NextToken,
            }),
          )
          .catch((thrown: unknown) => {
            throw toServiceError('GetMetricData', thrown, refusals);
          });
        for (const result of answer.MetricDataResults ?? []) {
          if (!answered.has(result.StatusCode)) {
            throw new SluiceError('UNKNOWN', `expected every metric to be read, found ${result.StatusCode}`);
          }
          points.get(byId.get(result.Id ?? '') ?? '')?.push(...pointsOf(result));
        }
        NextToken = answer.NextToken;
      } while (NextToken !== undefined);
    }
    for (const list of points.values()) list.sort((one, other) => one.at - other.at);
    return points;
  };
