import { createCloudWatchClient } from '@sluice/core/aws/clients';
import { type ScriptedEndpoint, scriptedAccess, startScriptedEndpoint } from '@sluice/core/aws/scripted-endpoint';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetricReader, type MetricQuery } from './metrics.ts';

/** Seconds since the epoch. */
const now = 1_700_000_040;
const window = { from: (now - 600) * 1000, to: now * 1000, periodSeconds: 60 };

type Asked = { readonly MetricDataQueries: readonly { readonly Id: string }[]; readonly NextToken?: string };
type Answer = { readonly MetricDataResults?: readonly object[]; readonly NextToken?: string };

let endpoint: ScriptedEndpoint;
let answer: (asked: Asked) => Answer;
beforeEach(async () => {
  answer = () => ({});
  endpoint = await startScriptedEndpoint({
    monitoring: ({ body }) => ({ status: 200, body: JSON.stringify(answer(JSON.parse(body.toString()) as Asked)) }),
  });
});
afterEach(() => endpoint.close());

const read = (queries: readonly MetricQuery[]) =>
  createMetricReader(createCloudWatchClient({ ...scriptedAccess, endpoint: endpoint.url }))(queries, window);

const query = (id: string): MetricQuery => ({
  id,
  namespace: 'Sluice',
  name: 'RowsOut',
  dimensions: { stage: 'store-rows', environment: 'prod' },
  statistic: 'Sum',
});

describe('metrics', () => {
  it('are asked for by ids of their own, not by the caller’s', async () => {
    await read([query('=1+1')]);
    expect(endpoint.requests.map(({ operation }) => operation)).toEqual(['GetMetricData']);
    expect(JSON.parse(endpoint.requests[0]?.body.toString() ?? '')).toEqual({
      MetricDataQueries: [
        {
          Id: 'm0',
          MetricStat: {
            Metric: {
              Namespace: 'Sluice',
              MetricName: 'RowsOut',
              Dimensions: [
                { Name: 'stage', Value: 'store-rows' },
                { Name: 'environment', Value: 'prod' },
              ],
            },
            Period: 60,
            Stat: 'Sum',
          },
        },
      ],
      StartTime: now - 600,
      EndTime: now,
      ScanBy: 'TimestampAscending',
    });
  });

  it('come by the caller’s ids in ascending time, over every page, and none where nobody reported', async () => {
    answer = ({ NextToken }) =>
      NextToken === undefined
        ? {
            MetricDataResults: [
              { Id: 'm1', StatusCode: 'PartialData', Timestamps: [now - 60, now - 120], Values: [7, 5] },
              { Id: 'm0', StatusCode: 'Complete', Timestamps: [], Values: [] },
            ],
            NextToken: 'more',
          }
        : { MetricDataResults: [{ Id: 'm1', StatusCode: 'Complete', Timestamps: [now - 180], Values: [0] }] };
    expect([...(await read([query('silent'), query('loud'), query('unknown')]))]).toEqual([
      ['silent', []],
      [
        'loud',
        [
          { at: (now - 180) * 1000, value: 0 },
          { at: (now - 120) * 1000, value: 5 },
          { at: (now - 60) * 1000, value: 7 },
        ],
      ],
      ['unknown', []],
    ]);
    expect(endpoint.requests).toHaveLength(2);
  });

  it('are asked for 500 at a time', async () => {
    answer = ({ MetricDataQueries }) => ({
      MetricDataResults: MetricDataQueries.map(({ Id }) => ({
        Id,
        Timestamps: [now],
        Values: [MetricDataQueries.length],
      })),
    });
    const found = await read(Array.from({ length: 501 }, (_, index) => query(`q${index}`)));
    expect([found.size, found.get('q499')?.[0]?.value, found.get('q500')?.[0]?.value]).toEqual([501, 500, 1]);
    expect(endpoint.requests).toHaveLength(2);
  });

  it('ask for nothing when nothing is asked', async () => {
    expect(await read([])).toEqual(new Map());
    expect(endpoint.requests).toEqual([]);
  });

  it('throw without the service’s own words when they may not be read', async () => {
    endpoint.script({
      when: () => true,
      instead: { status: 403, body: JSON.stringify({ __type: 'AccessDeniedException', message: 'not you' }) },
    });
    await expect(read([query('a')])).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'UNKNOWN',
      message: 'expected GetMetricData to succeed, found AccessDeniedException with status 403',
    });
  });

  it('throw when CloudWatch answers for the call but not for a metric', async () => {
    answer = () => ({ MetricDataResults: [{ Id: 'm0', StatusCode: 'Forbidden' }] });
    await expect(read([query('a')])).rejects.toThrow('expected every metric to be read, found Forbidden');
  });
});
