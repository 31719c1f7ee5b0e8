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

export type MetricWindow = { readonly from: number; readonly to: number; readonly periodSeconds: number };

/** Points by the queries' ids, in ascending time; a metric that nobody reported has none. */
export type MetricReader = (
  queries: readonly MetricQuery[],
  window: MetricWindow,
) => Promise<ReadonlyMap<string, readonly MetricPoint[]>>;
