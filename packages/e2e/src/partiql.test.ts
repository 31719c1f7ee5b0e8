import { describe, expect, it } from 'vitest';
import { parseWrite } from './partiql.ts';

describe('a statement that writes', () => {
  it('inserts an item of parameters and of text in the statement', () => {
    const statement = `INSERT INTO "e2e-rows" VALUE {'pk': ?, 'row': ?, 'status': 'PENDING'}`;
    expect(parseWrite(statement, [{ S: `a?'"{}` }, { N: '7' }])).toEqual({
      kind: 'insert',
      table: 'e2e-rows',
      item: { pk: { S: `a?'"{}` }, row: { N: '7' }, status: { S: 'PENDING' } },
    });
  });

  it('inserts an item that is final from the start', () => {
    const statement = `INSERT INTO "t" VALUE {'pk': ?, 'row': ?, 'line': ?, 'status': 'FAILED', 'data': ?, 'created': ?, 'finished': ?, 'error': ?}`;
    const values = [{ S: 'k' }, { N: '1' }, { N: '2' }, { S: '["a"]' }, { N: '5' }, { N: '5' }, { S: `["A","it's"]` }];
    const [pk, row, line, data, created, finished, error] = values;
    expect(parseWrite(statement, values)).toEqual({
      kind: 'insert',
      table: 't',
      item: { pk, row, line, status: { S: 'FAILED' }, data, created, finished, error },
    });
  });

  it('updates several attributes of one item on conditions', () => {
    const statement = `UPDATE "t.1" SET "status" = 'DONE' SET "result" = ? SET finished=? WHERE "pk" = ? AND row = ? AND "status" = 'it''s'`;
    expect(parseWrite(statement, [{ S: '{}' }, { N: '1' }, { S: 'k' }, { N: '2' }])).toEqual({
      kind: 'update',
      table: 't.1',
      set: { status: { S: 'DONE' }, result: { S: '{}' }, finished: { N: '1' } },
      where: { pk: { S: 'k' }, row: { N: '2' }, status: { S: "it's" } },
    });
  });

  it.each([
    ['SELECT * FROM "t"', [], 'expected a word'],
    ['DELETE FROM "t" WHERE "pk" = ?', [{ S: 'a' }], 'expected UPDATE, found DELETE'],
    [`UPDATE "t" SET "a" = "a" + 1 WHERE "pk" = 'x'`, [], 'expected a word'],
    [`UPDATE "t" SET "a" = ? WHERE "pk" = ? OR "pk" = ?`, [{}, {}, {}], 'expected the end, found OR'],
    [`UPDATE "t" SET "a" = ? REMOVE "b" WHERE "pk" = ?`, [{}, {}], 'expected WHERE, found REMOVE'],
    [`INSERT INTO "t" VALUE {'pk': ?}`, [], 'expected a parameter for every ?'],
    [`INSERT INTO "t" VALUE {'pk': ?}`, [{ S: 'a' }, { S: 'b' }], 'expected 1 parameters, found 2'],
    [`INSERT INTO "t" VALUE {'pk': ?`, [{ S: 'a' }], 'expected }, found the end'],
  ])('is refused when it is another: %s', (statement, parameters, message) => {
    expect(() => parseWrite(statement, parameters)).toThrow(message);
  });
});
