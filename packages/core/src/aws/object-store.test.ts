import { afterAll, beforeAll } from 'vitest';
import { objectStoreContract } from '../ports/object-store.contract.ts';
import { setUpObjectStore } from './contract-set-up.ts';
import { type ScriptedEndpoint, scriptedAccess, startScriptedEndpoint } from './scripted-endpoint.ts';
import { createScriptedS3 } from './scripted-s3.ts';

let endpoint: ScriptedEndpoint;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ s3: createScriptedS3().service });
});
afterAll(() => endpoint.close());

objectStoreContract('the AWS object store over the scripted endpoint', () =>
  setUpObjectStore({ ...scriptedAccess, endpoint: endpoint.url }),
);
