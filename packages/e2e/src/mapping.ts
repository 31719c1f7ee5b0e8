import type { StageName } from '@sluice/core/wiring';
import { callRaw } from './raw-call.ts';
import type { Stage } from './stage.ts';

/** Does something while a stage takes no message; then it goes on. */
export const whileMessagesWait = async (
  { endpoint, outputs }: Pick<Stage, 'endpoint' | 'outputs'>,
  stage: StageName,
  work: () => Promise<void>,
): Promise<void> => {
  const path = '/2015-03-31/event-source-mappings/';
  const name = outputs.function_names[stage];
  const { EventSourceMappings: mappings } = JSON.parse(
    await callRaw(endpoint, { service: 'lambda', path: `${path}?FunctionName=${name}` }),
  ) as { EventSourceMappings: { UUID: string }[] };
  const [mapping] = mappings;
  if (mapping === undefined || mappings.length !== 1)
    throw new Error(`expected one mapping of ${name}, found ${mappings.length}`);
  const enable = (isOn: boolean): Promise<string> =>
    callRaw(endpoint, { service: 'lambda', method: 'PUT', path: path + mapping.UUID, json: { Enabled: isOn } });
  await enable(false);
  await work();
  await enable(true);
};
