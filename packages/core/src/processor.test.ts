import { describe, expect, it } from 'vitest';
import {
  type Context,
  checkResult,
  complainAboutProcessor,
  defaultProcessor,
  defineProcessor,
  type FieldValue,
  permanent,
  readPermanent,
} from './processor.ts';

const context: Context = { jobId: 'job', rowId: 'job-1', attempt: 1, signal: new AbortController().signal };
const process = () => null;

describe('defineProcessor', () => {
  it('gives back the processor it was given', () => {
    const processor = { name: 'mine', process };
    expect(defineProcessor(processor)).toBe(processor);
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'expected the default export to be defineProcessor({ name, process }), found none'],
    ['null', null, 'expected the default export to be defineProcessor({ name, process }), found none'],
    ['a bare function', process, 'expected the default export to be defineProcessor({ name, process }), found none'],
    ['no name', { process }, 'expected a name, found none'],
    ['an empty name', { name: '', process }, 'expected a name, found none'],
    ['a name that is no text', { name: 7, process }, 'expected a name, found none'],
    ['no function', { name: 'mine' }, 'expected process to be a function, found none'],
    ['something else for a function', { name: 'mine', process: {} }, 'expected process to be a function, found none'],
  ])('refuses %s and says what it expected', (_, given, complaint) => {
    const define = defineProcessor as (processor: unknown) => unknown;
    expect(complainAboutProcessor(given)).toBe(complaint);
    expect(() => define(given)).toThrow(new TypeError(`defineProcessor: ${complaint}`));
  });

  it('takes a processor whose function stands on its class', () => {
    class Mine {
      name = 'mine';
      process() {
        return null;
      }
    }
    expect(complainAboutProcessor(new Mine())).toBeUndefined();
  });
});

describe('permanent', () => {
  it('makes an error that can be thrown and read', () => {
    const error = permanent('UNKNOWN_CURRENCY', 'expected a currency');
    expect(error).toBeInstanceOf(Error);
    expect(error.stack).toContain('processor.test.ts');
    expect(readPermanent(error)).toEqual({ code: 'UNKNOWN_CURRENCY', message: 'expected a currency' });
  });

  it('is read by another copy of the module, both ways', async () => {
    // A query makes Node and Vite load a module again.
    const specifier = './processor.ts?copy';
    const copy = (await import(specifier)) as typeof import('./processor.ts');
    expect(copy.permanent).not.toBe(permanent);
    expect(readPermanent(copy.permanent('A', 'of the copy'))).toEqual({ code: 'A', message: 'of the copy' });
    expect(copy.readPermanent(permanent('B', 'of the original'))).toEqual({ code: 'B', message: 'of the original' });
  });

  it('is kept by an error of a class of its own', () => {
    class Mine extends Error {}
    const error = Object.assign(new Mine('mine'), permanent('C', 'other'));
    expect(readPermanent(error)).toEqual({ code: 'C', message: 'mine' });
  });
});

describe('readPermanent', () => {
  it.each([
    ['an error', new Error('x')],
    ['an error with a code', Object.assign(new Error('x'), { code: 'A', permanent: true })],
    ['a mark of another name', Object.assign(new Error('x'), { [Symbol('sluice.permanent')]: 'A' })],
    ['text', 'sluice.permanent'],
    ['nothing', undefined],
    ['null', null],
    ['a function', () => permanent('A', 'x')],
  ])('reads nothing from %s', (_, thrown) => {
    expect(readPermanent(thrown)).toBeUndefined();
  });

  it('gives text whatever the code and the message are', () => {
    const mark = Symbol.for('sluice.permanent');
    expect(readPermanent({ [mark]: 42, message: 7 })).toEqual({ code: '42', message: '7' });
    expect(readPermanent({ [mark]: undefined, message: null })).toEqual({ code: 'undefined', message: '' });
  });
});

const nest = (levels: number, innermost: unknown): unknown =>
  Array.from({ length: levels }).reduce<unknown>((inner) => ({ inner }), innermost);

const cycle = (): unknown => {
  const object: { self?: unknown } = {};
  object.self = object;
  return object;
};

const cycleOfArrays = (): unknown => {
  const list: unknown[] = [];
  list.push([list]);
  return { list };
};

class Money {
  amount = 1;
}

describe('checkResult', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['text, numbers, booleans and null', { a: 'text', b: -1.5e300, c: 0, d: true, e: null }],
    ['lists and objects of these', { list: [1, 'two', [null], { three: [] }], object: { a: { b: {} } } }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['32 levels', nest(32, 'end')],
    ['the same object twice, which is no cycle', ((part) => ({ a: part, b: [part] }))({ x: 1 })],
    ['a key __proto__ that is its own', JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')],
    ['a toJSON that is no method', { toJSON: 'text' }],
  ])('takes %s', (_, result) => {
    expect(checkResult(result)).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['text', 'done', 'a result that is a string'],
    ['a number', 7, 'a result that is a number'],
    ['a boolean', true, 'a result that is a boolean'],
    ['a bigint', 7n, 'a result that is a bigint'],
    ['a symbol', Symbol('x'), 'a result that is a symbol'],
    ['a function', () => ({}), 'a result that is a function'],
    ['a list', [{}], 'a result that is an array'],
    ['a date', new Date(0), 'an object of a class of its own'],
    ['a map', new Map([['a', 1]]), 'an object of a class of its own'],
    ['an error', new Error('x'), 'an object of a class of its own'],
    ['a promise', Promise.resolve({}), 'an object of a class of its own'],
    ['bytes', Buffer.from('x'), 'an object of a class of its own'],
    ['an instance of a class', new Money(), 'an object of a class of its own'],
    ['an object made from another', Object.create({ a: 1 }), 'an object of a class of its own'],
  ])('refuses %s at the top', (_, result, found) => {
    expect(checkResult(result)).toBe(`expected a plain JSON object or nothing, found ${found}`);
  });

  it.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'a number that is not finite'],
    ['an infinity', Number.NEGATIVE_INFINITY, 'a number that is not finite'],
    ['undefined', undefined, 'a value of type undefined'],
    ['a bigint', 1n, 'a value of type bigint'],
    ['a symbol', Symbol('x'), 'a value of type symbol'],
    ['a function', () => 1, 'a value of type function'],
    ['a date', new Date(0), 'an object of a class of its own'],
    ['a set', new Set(), 'an object of a class of its own'],
    ['an instance of a class', new Money(), 'an object of a class of its own'],
    ['a boxed number', Object(1), 'an object of a class of its own'],
    ['an object with a prototype set by __proto__', { __proto__: { a: 1 } }, 'an object of a class of its own'],
    ['a hidden toJSON', Object.defineProperty({}, 'toJSON', { value: () => 1 }), 'an object with a toJSON method'],
    ['a list with a toJSON', Object.assign([1], { toJSON: () => 1 }), 'an object with a toJSON method'],
    ['a bad value below a key __proto__', JSON.parse('{"__proto__": {"a": 1e999}}'), 'a number that is not finite'],
    ['a list with a hole', Object.assign([1], { 2: 3 }), 'a value of type undefined'],
    ['a list of holes alone', new Array(3), 'a value of type undefined'],
  ])('refuses %s within a result, within an object as within a list', (_, value, found) => {
    const complaint = `expected a plain JSON object or nothing, found ${found}`;
    expect(checkResult({ fine: 1, value })).toBe(complaint);
    expect(checkResult({ list: [0, [value]] })).toBe(complaint);
    expect(checkResult({ a: [{ b: { value } }] })).toBe(complaint);
  });

  it.each<[string, unknown]>([
    ['a cycle', cycle()],
    ['a cycle through lists', cycleOfArrays()],
    ['33 levels', nest(33, 'end')],
    ['lists five thousand levels deep', { list: JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)) }],
  ])('refuses %s without running out of stack', (_, result) => {
    expect(checkResult(result)).toBe('expected a plain JSON object or nothing, found more than 32 levels (a cycle?)');
  });

  it('takes keys by which an object also has methods', () => {
    expect(checkResult({ hasOwnProperty: 1, valueOf: null, length: 2 })).toBeUndefined();
  });
});

describe('the default processor', () => {
  const run = (data: Readonly<Record<string, FieldValue>>) =>
    defaultProcessor.process({ row: 1, line: 2, data }, context);

  it.each<[string, Readonly<Record<string, FieldValue>>, number]>([
    ['no columns', {}, 0],
    ['one column', { a: 'x' }, 1],
    ['values of every type', { a: 'x', b: 0, c: false, d: null, e: '' }, 4],
    ['columns of any name', JSON.parse('{"": "x", "__proto__": "y", "0": "z", "constructor": null}'), 3],
    ['nothing but missing values', { a: null, b: null }, 0],
  ])('counts the values that are there in a row of %s, and its result can be kept', (_, data, filled) => {
    const result = run(data);
    expect(result).toMatchObject({ filled, digest: expect.stringMatching(/^[\w-]{16}$/) });
    expect(checkResult(result)).toBeUndefined();
  });

  it('gives the same for the same values, and another digest for other ones', () => {
    expect(run({ a: 'x', b: 1 })).toEqual(run({ a: 'x', b: 1 }));
    const rows = [{ a: 'x', b: 1 }, { a: 'x', b: '1' }, { a: 'x', b: null }, { a: 'x1', b: '' }, { a: 'x' }];
    expect(new Set(rows.map((data) => JSON.stringify(run(data)))).size).toBe(rows.length);
  });
});
