import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finishedEnvelope, parseFinishedMessage, parseRowsMessage, rowsEnvelope, serialise } from './messages.ts';
import { sqsText } from './scripted-queue.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

// Every UTF-16 unit may come: lone surrogates, controls and the two characters that SQS refuses with them.
const unit = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
  fc.constantFrom(0, 8, 0x0b, 0x1f, 0x7f, 0x22, 0x5c, 0x2028, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfeff, 0xfffe, 0xffff),
);
const text = fc.array(unit, { maxLength: 12 }).map((units) => String.fromCharCode(...units));
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.maxSafeInteger(),
  // JSON has no -0.
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
);

describe('messages', () => {
  it('of rows are text that SQS takes and come back the same, whatever the values and columns hold', () => {
    const table = fc
      .array(fc.oneof(text, fc.constantFrom('__proto__', 'constructor')), { maxLength: 4 })
      .chain((columns) =>
        fc.tuple(
          fc.constant(columns),
          fc.array(
            fc.tuple(
              fc.nat(),
              fc.nat(),
              fc.nat(),
              fc.array(value, { minLength: columns.length, maxLength: columns.length }),
            ),
            { minLength: 1, maxLength: 4 },
          ),
          fc.nat({ max: 5 }),
        ),
      );
    fc.assert(
      fc.property(table, ([columns, rows, tried]) => {
        const { head, tail } = rowsEnvelope(jobId, columns, tried);
        const body = head + rows.map(serialise).join(',') + tail;
        expect(body).toMatch(sqsText);
        expect(parseRowsMessage(body)).toEqual({
          v: 1,
          kind: 'rows',
          jobId,
          columns,
          rows,
          ...(tried > 0 ? { tried } : {}),
        });
      }),
    );
  });

  it('of outcomes are text that SQS takes and come back the same, whatever the results hold', () => {
    const result = fc.oneof(fc.constant(null), fc.dictionary(text, fc.oneof(value, fc.array(value))));
    const outcome = fc.oneof(
      fc.tuple(fc.nat(), fc.nat(), fc.constant('DONE'), result),
      fc.tuple(fc.nat(), fc.nat(), fc.constant('FAILED'), fc.tuple(text, text)),
    );
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 1, maxLength: 4 }), (outcomes) => {
        const { head, tail } = finishedEnvelope(jobId);
        const body = head + outcomes.map(serialise).join(',') + tail;
        expect(body).toMatch(sqsText);
        // By their text: a key may be __proto__, which no equality of objects sees.
        expect(JSON.stringify(parseFinishedMessage(body).outcomes)).toBe(JSON.stringify(outcomes));
      }),
    );
  });

  it('that are no messages are refused with a code, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        for (const read of [parseRowsMessage, parseFinishedMessage]) {
          expect(() => read(body)).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }));
        }
      }),
    );
  });
});
