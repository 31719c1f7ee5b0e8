import type { BatchStatementRequest } from '@aws-sdk/client-dynamodb';
import { BatchExecuteStatementCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutcomeTuple, RowTuple } from '../messages.ts';
import { createWriteClient } from './clients.ts';
import { createRowStatements } from './row-statement.ts';
import type { ScriptedEndpoint } from './scripted-endpoint.ts';
import { scriptedAccess, startScriptedEndpoint } from './scripted-endpoint.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const at = 1_700_000_000_000;
const row: RowTuple = [3, 20, 41, ['a "quoted" value']];
const statementOf = createRowStatements('rows');

const parse = (json: string): BatchStatementRequest => JSON.parse(json);
const key = [{ S: `${jobId}#3#4` }, { N: '20' }];
const now = { N: String(at) };

describe('the statement of a row', () => {
  it('inserts it', () => {
    expect(parse(statementOf.insert(jobId, row, '["a \\"quoted\\" value"]', at))).toEqual({
      Statement: `INSERT INTO "rows" VALUE {'pk': ?, 'row': ?, 'line': ?, 'status': 'PENDING', 'data': ?, 'created': ?}`,
      Parameters: [...key, { N: '41' }, { S: '["a \\"quoted\\" value"]' }, now],
    });
  });

  it('inserts it as failed', () => {
    expect(parse(statementOf.insert(jobId, row, '[]', at, '["CODE","text"]'))).toEqual({
      Statement: `INSERT INTO "rows" VALUE {'pk': ?, 'row': ?, 'line': ?, 'status': 'FAILED', 'data': ?, 'created': ?, 'finished': ?, 'error': ?}`,
      Parameters: [...key, { N: '41' }, { S: '[]' }, now, now, { S: '["CODE","text"]' }],
    });
  });

  const pending = `WHERE "pk" = ? AND "row" = ? AND "status" = 'PENDING'`;
  it.each<[string, OutcomeTuple, string | undefined, string]>([
    ['a result', [3, 20, 'DONE', {}], '{}', `SET "status" = 'DONE' SET "result" = ? SET "finished" = ?`],
    ['nothing', [3, 20, 'DONE', null], undefined, `SET "status" = 'DONE' SET "finished" = ?`],
    [
      'an error',
      [3, 20, 'FAILED', ['C', 'm']],
      '["C","m"]',
      `SET "status" = 'FAILED' SET "error" = ? SET "finished" = ?`,
    ],
  ])('finishes it with %s', (_, tuple, text, changes) => {
    expect(parse(statementOf.finish(jobId, tuple, text, at))).toEqual({
      Statement: `UPDATE "rows" ${changes} ${pending}`,
      Parameters: [...(text === undefined ? [] : [{ S: text }]), now, ...key],
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });
});

describe('over the wire', () => {
  let endpoint: ScriptedEndpoint;
  beforeAll(async () => {
    endpoint = await startScriptedEndpoint({ dynamodb: async () => ({ status: 200, body: '{}' }) });
  });
  afterAll(() => endpoint.close());

  it('any text arrives as the SDK itself would have sent it', async () => {
    const client = createWriteClient({ ...scriptedAccess, endpoint: endpoint.url });
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom('\ud800', '"', '\\', '\uffff', '\u2028', '\0') }),
        async (a, b) => {
          const ours = `{"Statements":[${statementOf.insert(jobId, row, a + b, at, b + a)}]}`;
          await client.send(new BatchExecuteStatementCommand(JSON.parse(ours)));
          expect(JSON.parse(Buffer.from(ours).toString())).toEqual(
            JSON.parse(endpoint.requests.at(-1)?.body.toString() ?? ''),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
