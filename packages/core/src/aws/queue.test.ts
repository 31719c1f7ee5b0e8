import { afterAll, beforeAll } from 'vitest';
import { queueContract } from '../ports/queue.contract.ts';
import { setUpQueue } from './contract-set-up.ts';
import { type ScriptedEndpoint, scriptedAccess, startScriptedEndpoint } from './scripted-endpoint.ts';
import { createScriptedSqs } from './scripted-sqs.ts';

let endpoint: ScriptedEndpoint;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ sqs: createScriptedSqs() });
});
afterAll(() => endpoint.close());

queueContract('the AWS queue over the scripted endpoint', () =>
  setUpQueue({ ...scriptedAccess, endpoint: endpoint.url }),
);
