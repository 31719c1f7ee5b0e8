import { createTableSetUps } from '@sluice/core/aws/table-contract-set-up';
import { jobStoreContract } from '@sluice/core/ports/job-store.contract';
import { rowStoreContract } from '@sluice/core/ports/row-store.contract';
import { contractEndpoint } from './endpoint.ts';

const setUps = createTableSetUps(contractEndpoint());

rowStoreContract('the rows table', () => setUps.rows());
jobStoreContract('the jobs table', () => setUps.jobs());
