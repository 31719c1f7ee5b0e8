import { randomUUID } from 'node:crypto';
import type { CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateTableCommand, DeleteTableCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import type { JobStoreSetUp } from '../ports/job-store.contract.ts';
import type { RowStoreSetUp } from '../ports/row-store.contract.ts';
import { realClock } from '../real-clock.ts';
import { createTableClient, createWriteClient } from './clients.ts';
import { createdIndex, openIndex } from './job-item.ts';
import { createAwsJobs } from './job-store.ts';
import { createAwsRows } from './row-store.ts';

// Tables for the contract suites, at any endpoint that speaks DynamoDB: fresh ones for every test, removed after it.

const text = (name: string) => ({ AttributeName: name, AttributeType: 'S' }) as const;
const hash = (name: string) => ({ AttributeName: name, KeyType: 'HASH' }) as const;
const range = (name: string) => ({ AttributeName: name, KeyType: 'RANGE' }) as const;

/** The keys of the rows table, as Terraform builds it. */
export const rowsTable = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [text('pk'), { AttributeName: 'row', AttributeType: 'N' }],
  KeySchema: [hash('pk'), range('row')],
} as const satisfies Partial<CreateTableCommandInput>;

/** The keys of the jobs table and its indexes: open jobs by when their audit is due, all jobs by when they were created. */
export const jobsTable = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    text('pk'),
    text('sk'),
    text('open'),
    { AttributeName: 'auditAt', AttributeType: 'N' },
    text('created'),
    { AttributeName: 'createdAt', AttributeType: 'N' },
  ],
  KeySchema: [hash('pk'), range('sk')],
  GlobalSecondaryIndexes: [
    { IndexName: openIndex, KeySchema: [hash('open'), range('auditAt')], Projection: { ProjectionType: 'KEYS_ONLY' } },
    {
      IndexName: createdIndex,
      KeySchema: [hash('created'), range('createdAt')],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
} as const satisfies Partial<CreateTableCommandInput>;

export type TableSetUps = {
  readonly clients: { readonly reads: DynamoDBClient; readonly writes: DynamoDBClient };
  /** Creates a table and waits for it; gives its name and what removes it. */
  createTable(schema: typeof rowsTable | typeof jobsTable): Promise<{ readonly table: string; close(): Promise<void> }>;
  rows(): Promise<RowStoreSetUp>;
  jobs(): Promise<JobStoreSetUp>;
};

/** Set-ups of both table contracts at an endpoint that takes any credentials. The clients are the product's own. */
export const createTableSetUps = (endpoint: string): TableSetUps => {
  const options = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const clients = { reads: createTableClient(options), writes: createWriteClient(options) };
  const createTable: TableSetUps['createTable'] = async (schema) => {
    const table = `contract-${randomUUID()}`;
    await clients.reads.send(new CreateTableCommand({ TableName: table, ...schema }));
    await waitUntilTableExists({ client: clients.reads, maxWaitTime: 60, minDelay: 1 }, { TableName: table });
    return {
      table,
      async close() {
        await clients.reads.send(new DeleteTableCommand({ TableName: table }));
      },
    };
  };
  return {
    clients,
    createTable,
    async rows() {
      const { table, close } = await createTable(rowsTable);
      return { store: createAwsRows(clients, table, realClock), close };
    },
    async jobs() {
      const { table, close } = await createTable(jobsTable);
      return { store: createAwsJobs(clients.reads, table), close };
    },
  };
};
