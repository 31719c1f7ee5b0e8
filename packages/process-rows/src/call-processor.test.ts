import type { RowsMessage, RowTuple, Value } from '@sluice/core/messages';
import { resultBytesMax } from '@sluice/core/pack';
import { type Context, type Processor, permanent } from '@sluice/core/processor';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { describe, expect, it } from 'vitest';
import { type Called, createCaller } from './call-processor.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const timeoutMilliseconds = 30_000;

type Process = Processor['process'];

const rowOf = (values: readonly Value[] = ['1']): RowTuple => [2, 7, 9, values];

const setUp = (process: Process, columns: readonly string[] = ['a'], attempt = 1) => {
  const clock = createVirtualClock();
  const message: RowsMessage = { v: 1, kind: 'rows', jobId, columns: [...columns], rows: [rowOf()] };
  const caller = createCaller({ name: 'test', process }, message, attempt, clock);
  const call = (row = rowOf()): Called | Promise<Called> => caller(row, () => timeoutMilliseconds);
  return { clock, call };
};

/** The outcome as the table is to get it. */
const outcomeOf = (called: Called | Promise<Called>): unknown => {
  if (typeof called !== 'string') throw new Error('expected an outcome at once, found another');
  return JSON.parse(called);
};

/** A process that a type would refuse, as plain JavaScript may hand it in. */
const returning = (value: unknown): Process => (() => value) as Process;

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

describe('a call of the processor', () => {
  it('gets the row with its numbers and every column by name, and a context of its own', () => {
    const seen: unknown[] = [];
    const { call } = setUp(
      (row, { signal: _, ...context }) => {
        seen.push(row, context);
      },
      ['a', 'b', 'c', 'd'],
      3,
    );
    call(rowOf(['text', 1.5, true, null]));
    expect(seen).toEqual([
      { row: 7, line: 9, data: { a: 'text', b: 1.5, c: true, d: null } },
      { jobId, rowId: `${jobId}-7`, attempt: 3 },
    ]);
  });

  it.each([
    ['an object', { total: 3, parts: ['x', null, { deep: true }] }, { total: 3, parts: ['x', null, { deep: true }] }],
    ['nothing', undefined, null],
    ['null', null, null],
    ['an object without a prototype', Object.assign(Object.create(null), { total: 3 }), { total: 3 }],
  ])('makes DONE of %s at once, without a promise', (_, returned, kept) => {
    expect(outcomeOf(setUp(returning(returned)).call())).toEqual([2, 7, 'DONE', kept]);
  });

  it('makes DONE of what a promise brings, as soon as it does', async () => {
    const { call, clock } = setUp(async () => ({ total: 3 }));
    const called = call();
    expect(called).toBeInstanceOf(Promise);
    expect(outcomeOf(await clock.run(Promise.resolve(called)))).toEqual([2, 7, 'DONE', { total: 3 }]);
    expect(clock.now()).toBe(0);
  });

  it('makes DONE of what any thenable brings', async () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested.
    const thenable = { then: (resolve: (value: unknown) => void) => resolve({ total: 3 }) };
    const { call, clock } = setUp(returning(thenable));
    expect(outcomeOf(await clock.run(Promise.resolve(call())))).toEqual([2, 7, 'DONE', { total: 3 }]);
  });

  it.each<[string, Process]>([
    [
      'thrown',
      () => {
        throw permanent('UNKNOWN_CURRENCY', 'no such currency');
      },
    ],
    [
      'rejected',
      async () => {
        throw permanent('UNKNOWN_CURRENCY', 'no such currency');
      },
    ],
    [
      'thrown by a bundle with a copy of its own',
      () => {
        throw Object.assign(new Error('no such currency'), { [Symbol.for('sluice.permanent')]: 'UNKNOWN_CURRENCY' });
      },
    ],
  ])('fails the row for good with the code and message of permanent(), %s', async (_, process) => {
    const { call, clock } = setUp(process);
    const called = await clock.run(Promise.resolve(call()));
    expect(outcomeOf(called)).toEqual([2, 7, 'FAILED', ['UNKNOWN_CURRENCY', 'no such currency']]);
  });

  it('keeps a hundred characters of a code and a thousand of a message', () => {
    const { call } = setUp(() => {
      throw permanent('C'.repeat(101), 'm'.repeat(1_001));
    });
    expect(outcomeOf(call())).toEqual([2, 7, 'FAILED', ['C'.repeat(100), 'm'.repeat(1_000)]]);
  });

  it('keeps text that a queue would refuse in a form that it takes', () => {
    const { call } = setUp(() => {
      throw permanent('ODD', 'a\uFFFF\u0000\uD800');
    });
    const called = call();
    expect(called).toBe('[2,7,"FAILED",["ODD","a\\uffff\\u0000\\ud800"]]');
    expect(setUp(returning({ odd: '\uFFFE' })).call()).toBe('[2,7,"DONE",{"odd":"\\ufffe"}]');
  });

  it.each<[string, Process]>([
    [
      'thrown',
      () => {
        throw new RangeError('service is away');
      },
    ],
    [
      'rejected',
      async () => {
        throw new RangeError('service is away');
      },
    ],
  ])('leaves a row for another try after any other error, %s', async (_, process) => {
    const { call, clock } = setUp(process);
    expect(await clock.run(Promise.resolve(call()))).toEqual({
      kind: 'transient',
      code: 'PROCESSOR_ERROR',
      message: 'service is away',
    });
  });

  it('keeps a thousand characters of an error', () => {
    const { call } = setUp(() => {
      throw new Error('m'.repeat(1_001));
    });
    expect(call()).toMatchObject({ message: 'm'.repeat(1_000) });
  });

  it.each([['text'], [null], [undefined], [{ message: 'no Error' }]])(
    'leaves a row for another try when %j is thrown',
    (thrown) => {
      const { call } = setUp(() => {
        throw thrown;
      });
      expect(call()).toEqual({
        kind: 'transient',
        code: 'PROCESSOR_ERROR',
        message: 'expected an Error, found another value thrown',
      });
    },
  );

  it.each<[string, unknown, string]>([
    ['text', 'text', 'a result that is a string'],
    ['a number', 3, 'a result that is a number'],
    ['an array', [{ total: 3 }], 'a result that is an array'],
    ['a function', () => undefined, 'a result that is a function'],
    ['a number that is not finite', { total: Number.NaN }, 'a number that is not finite'],
    ['a bigint', { total: 3n }, 'a value of type bigint'],
    ['undefined inside', { total: undefined }, 'a value of type undefined'],
    ['a symbol', { total: Symbol('x') }, 'a value of type symbol'],
    ['a date', { at: new Date(0) }, 'an object of a class of its own'],
    ['a map', new Map(), 'an object of a class of its own'],
    ['a toJSON method', { toJSON: () => ({}) }, 'a value of type function'],
    ['a cycle', cycle, 'more than 32 levels (a cycle?)'],
  ])('fails the row with BAD_RESULT for a result with %s', async (_, result, found) => {
    const expected = [2, 7, 'FAILED', ['BAD_RESULT', `expected a plain JSON object or nothing, found ${found}`]];
    expect(outcomeOf(setUp(returning(result)).call())).toEqual(expected);
    const { call, clock } = setUp(returning(Promise.resolve(result)));
    expect(outcomeOf(await clock.run(Promise.resolve(call())))).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['a message that is no text', Object.assign(new Error('x'), { message: { text: 'x' } })],
    ['a message that throws', Object.defineProperty(new Error('x'), 'message', { get: () => JSON.parse('{') })],
    [
      'a code of permanent() that has no text',
      Object.assign(permanent('X', 'x'), { [Symbol.for('sluice.permanent')]: Object.create(null) }),
    ],
  ])('never throws for an error with %s', (_, thrown) => {
    const { call } = setUp(() => {
      throw thrown;
    });
    expect(call()).toMatchObject({ kind: 'transient', code: 'PROCESSOR_ERROR', message: expect.any(String) });
  });

  it('never throws for a result whose own code throws', async () => {
    const hostile = {
      get total(): number {
        throw new Error('getter');
      },
    };
    const process = returning(hostile);
    const sync = setUp(process);
    expect(sync.call()).toMatchObject({ kind: 'transient', code: 'PROCESSOR_ERROR' });
    const later = setUp(returning(Promise.resolve(hostile)));
    const called = later.clock.run(Promise.resolve(later.call()));
    expect(await called).toMatchObject({ kind: 'transient', code: 'PROCESSOR_ERROR' });
  });

  it('takes a result of 64 KiB and fails the row with RESULT_TOO_LARGE for one byte more', () => {
    const text = (bytes: number): string => 'é'.repeat((bytes - '{"t":""}'.length) / 2);
    expect(outcomeOf(setUp(returning({ t: text(resultBytesMax) })).call())).toMatchObject([2, 7, 'DONE', {}]);
    expect(outcomeOf(setUp(returning({ t: `${text(resultBytesMax)}x` })).call())).toEqual([
      2,
      7,
      'FAILED',
      ['RESULT_TOO_LARGE', `expected a result of at most 65536 bytes, found 65537`],
    ]);
  });

  it('gives up a promise after its time and aborts its signal', async () => {
    const signals: AbortSignal[] = [];
    const { call, clock } = setUp((_, { signal }) => {
      signals.push(signal);
      return new Promise<never>(() => undefined);
    });
    expect(await clock.run(Promise.resolve(call()))).toEqual({
      kind: 'transient',
      code: 'TIMEOUT',
      message: 'expected the processor to answer in 30 s, found it still at work',
    });
    expect(clock.now()).toBe(timeoutMilliseconds);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('counts a call as timed out also when the abort makes it answer', async () => {
    const { call, clock } = setUp(
      (_, { signal }) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    expect(await clock.run(Promise.resolve(call()))).toMatchObject({ kind: 'transient', code: 'TIMEOUT' });
  });

  it('never aborts the signal of a call that answered in time', async () => {
    const signals: AbortSignal[] = [];
    const { call, clock } = setUp(async (_, { signal }) => {
      signals.push(signal);
      await clock.sleep(timeoutMilliseconds - 1);
      return {};
    });
    expect(outcomeOf(await clock.run(Promise.resolve(call())))).toMatchObject([2, 7, 'DONE', {}]);
    await clock.run(clock.sleep(2 * timeoutMilliseconds));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it('offers one and the same signal for the whole of a call, and another for another call', () => {
    const contexts: Context[] = [];
    const { call } = setUp((_, context) => {
      contexts.push(context);
    });
    call();
    call();
    const [first, second] = contexts.map(({ signal }) => signal);
    expect(contexts[0]?.signal).toBe(first);
    expect(second).not.toBe(first);
  });

  it('hands a column called __proto__ over as a property of the row', () => {
    const seen: [string[], unknown, unknown][] = [];
    const { call } = setUp(
      ({ data }) => {
        const own = Object.getOwnPropertyDescriptor(data, '__proto__')?.value;
        seen.push([Object.keys(data), own, Object.getPrototypeOf(data)]);
      },
      ['a', '__proto__', 'constructor'],
    );
    call(rowOf(['1', 'mine', '2']));
    expect(seen).toEqual([[['a', '__proto__', 'constructor'], 'mine', Object.prototype]]);
  });

  it('hands a row over that another call may change at will', () => {
    const seen: unknown[] = [];
    const { call } = setUp(({ data }) => {
      seen.push({ ...data });
      (data as Record<string, unknown>)['a'] = 'changed';
      (data as Record<string, unknown>)['more'] = 'added';
    });
    const row = rowOf(['1']);
    call(row);
    call(row);
    expect(seen).toEqual([{ a: '1' }, { a: '1' }]);
    expect(row[3]).toEqual(['1']);
  });
});
