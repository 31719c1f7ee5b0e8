import { afterAll, beforeAll } from 'vitest';
import { jobStoreContract } from '../ports/job-store.contract.ts';
import { createScriptedDynamoDb } from './scripted-dynamodb.ts';
import type { ScriptedEndpoint } from './scripted-endpoint.ts';
import { startScriptedEndpoint } from './scripted-endpoint.ts';
import type { TableSetUps } from './table-contract-set-up.ts';
import { createTableSetUps } from './table-contract-set-up.ts';

let endpoint: ScriptedEndpoint;
let setUps: TableSetUps;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ dynamodb: createScriptedDynamoDb({ pageBytes: 4096 }).service });
  setUps = createTableSetUps(endpoint.url);
});
afterAll(() => endpoint.close());

jobStoreContract('the jobs table in DynamoDB', () => setUps.jobs());
