import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { createAsk, createOutput } from './output.ts';

describe('output', () => {
  it('is JSON on standard output with --json, lines without it, and notes on standard error', () => {
    const written: string[] = [];
    const stream = (name: string) => ({ write: (text: string) => written.push(`${name} ${text}`) > 0 });
    createOutput(true, stream('out'), stream('err')).result({ a: 1 }, ['a']);
    createOutput(false, stream('out'), stream('err')).result({ a: 1 }, ['a', 'b']);
    createOutput(false, stream('out'), stream('err')).note('n');
    expect(written).toEqual(['out {\n  "a": 1\n}\n', 'out a\nb\n', 'err n\n']);
  });

  it('is JSON that no terminal obeys, and that says the same', () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) > 0 };
    const value = { text: '\u001b[2J \u009b31m \u202e \u2028 \u{e0001} \ud800 ü 👍' };
    createOutput(true, stream, stream).result(value, []);
    expect(written[0]).toMatch(/^[\n -~ü👍]*$/u);
    expect(JSON.parse(written[0] ?? '')).toEqual(value);
  });
});

describe('a line that changes in place', () => {
  it('is there on a terminal alone, takes one row of it, and gives way to notes and the result', () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) > 0, isTTY: true, columns: 8 };
    const output = createOutput(false, stream, stream);
    output.update?.('1 of 9 parts');
    output.update?.('2');
    output.note('n');
    output.update?.('3');
    output.result({}, ['r']);
    expect(written).toEqual(['1 of 9…', '\r\u001b[K2', '\r\u001b[Kn\n', '3', '\r\u001b[K', 'r\n']);
    expect(output.width).toBe(8);
    const elsewhere = createOutput(false, { write: stream.write }, { write: stream.write });
    expect([elsewhere.update, elsewhere.width]).toEqual([undefined, undefined]);
    expect(createOutput(false, stream, stream, { TERM: 'dumb' }).update).toBeUndefined();
  });
});

const terminal = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY });

const asking = (flags: { yes?: boolean; json: boolean }, isTTY = true) => {
  const [input, output] = [terminal(isTTY), terminal(isTTY)];
  const controller = new AbortController();
  return { input, output, controller, ask: createAsk(flags, input, output, controller.signal) };
};

describe('a question', () => {
  it.each([
    ['y\n', true],
    [' YES \n', true],
    ['n\n', false],
    ['\n', false],
    ['yesterday\n', false],
  ])('that is answered with %j is answered with %s', async (answer, expected) => {
    const { ask, input, output } = asking({ json: false });
    input.write(answer);
    expect(await ask('Do it?')).toBe(expected);
    expect(String(output.read())).toContain('Do it? [y/N] ');
  });

  it('that nobody answers before the input ends is a no', async () => {
    const { ask, input } = asking({ json: false });
    const answer = ask('Do it?');
    input.end();
    expect(await answer).toBe(false);
  });

  it('is not asked with --yes', async () => {
    expect(await asking({ yes: true, json: true }, false).ask('Do it?')).toBe(true);
  });

  it.each([
    [{ json: true }, true, 'Do it? Expected --yes along with --json, found --json alone'],
    [{ json: false }, false, 'Do it? Expected an answer from a terminal or --yes, found neither'],
  ])('is wrong usage with %j where a terminal is there: %s', async (flags, isTTY, message) => {
    await expect(asking(flags, isTTY).ask('Do it?')).rejects.toThrow(new UsageError(message));
  });

  it('is broken off by an interrupt', async () => {
    const { ask, controller } = asking({ json: false });
    const answer = ask('Do it?');
    controller.abort(new Error('interrupted'));
    await expect(answer).rejects.toThrow('interrupted');
  });
});
