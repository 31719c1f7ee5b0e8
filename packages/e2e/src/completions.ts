import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { JobEnded } from '@sluice/core/ports/events';
import type { Cloud } from './cloud.ts';
import { drain } from './cloud.ts';
import { callRaw } from './raw-call.ts';

/** The name of rule, target and queue. */
const name = 'e2e-completions';

/** What EventBridge hands to a target. Source: Amazon EventBridge user guide, "Events". */
type Delivered = { readonly source: string; readonly 'detail-type': string; readonly detail: JobEnded };

/** Somebody outside who hears of the deployment's jobs that ended, as anybody could: a rule, and a queue behind it. */
export type Completions = {
  /** Everything that was heard so far, in the order in which it came. */
  heard(): Promise<readonly JobEnded[]>;
  /** Stops listening, and leaves nothing behind. */
  stop(): Promise<void>;
};

/** `pattern` is the deployment's own output, as JSON. */
export const listenToCompletions = async (endpoint: string, cloud: Cloud, pattern: string): Promise<Completions> => {
  const { QueueUrl: url = '' } = await cloud.sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes } = await cloud.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  const call = (operation: string, json: unknown): Promise<string> =>
    callRaw(endpoint, { service: 'events', target: `AWSEvents.${operation}`, json });
  await call('PutRule', { Name: name, EventPattern: pattern });
  const answer = await call('PutTargets', { Rule: name, Targets: [{ Id: name, Arn: Attributes?.['QueueArn'] }] });
  const { FailedEntryCount: failed } = JSON.parse(answer) as { readonly FailedEntryCount: number };
  if (failed !== 0) throw new Error(`expected the rule to take its target, found ${failed} refused`);
  const heard: JobEnded[] = [];
  return {
    async heard() {
      for (const body of await drain(cloud, url)) {
        const { source, 'detail-type': type, detail } = JSON.parse(body) as Delivered;
        if (source !== 'sluice' || type !== 'job completed') {
          throw new Error(`expected events of sluice, "job completed", found ${source}, "${type}"`);
        }
        heard.push(detail);
      }
      return heard;
    },
    async stop() {
      await call('RemoveTargets', { Rule: name, Ids: [name] });
      await call('DeleteRule', { Name: name });
      await cloud.sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    },
  };
};
