import { type CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import type { Clock } from '../ports/clock.ts';
import { toServiceError } from './service-error.ts';

/** SQS reports once a minute, a minute or two late. Source: SQS, CloudWatch metrics. */
const periodSeconds = 60;
/** How far back a report still tells something. */
const windowSeconds = 600;

const refusals: ReadonlySet<string> = new Set();

/**
 * Asks how old a queue's oldest message can be by now, in seconds: its age at the newest report, and the time since. No report
 * for ten minutes is `Infinity`, so that nothing is repaired on a guess. A message that was received three times and more
 * does not count, which SQS says of this metric. (GetMetricStatistics: a million requests a month are free, of GetMetricData none.)
 */
export const createOldestAge =
  (client: CloudWatchClient, queueName: string, clock: Pick<Clock, 'now'>): (() => Promise<number>) =>
  async () => {
    const now = clock.now();
    const command = new GetMetricStatisticsCommand({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: queueName }],
      StartTime: new Date(now - windowSeconds * 1000),
      EndTime: new Date(now),
      Period: periodSeconds,
      Statistics: ['Maximum'],
    });
    const { Datapoints = [] } = await client.send(command).catch((thrown: unknown) => {
      throw toServiceError('GetMetricStatistics', thrown, refusals);
    });
    let newestAt = Number.NEGATIVE_INFINITY;
    let age = Number.POSITIVE_INFINITY;
    for (const { Timestamp, Maximum } of Datapoints) {
      if (Timestamp === undefined || Maximum === undefined || Timestamp.getTime() <= newestAt) continue;
      newestAt = Timestamp.getTime();
      age = Maximum + Math.max(0, now - newestAt) / 1000;
    }
    return age;
  };
