import { describe, expect, it } from 'vitest';
import { caseOf, fuzz } from './fuzz.ts';
import type { Random } from './random.ts';
import { type FuzzTarget, hold } from './target.ts';

const drawBytes = (random: Random): Buffer => Buffer.from(random.list(0, 200, () => random.below(256)));

const targetOf = (name: string, isKept: (input: Buffer) => boolean): FuzzTarget => ({
  name,
  weight: 1,
  outcomes: ['met', 'never met'],
  draw: (random) => ({
    kind: 'bytes',
    input: drawBytes(random),
    options: { drawn: random.below(100) },
    check(input, note) {
      hold('keeps the law', isKept(input), () => input.length);
      note('met');
    },
  }),
});

const fine = targetOf('fine', () => true);
const holdsNoX = targetOf('holds no x', (input) => !input.includes(0x78));

const upTo = (most: number) => (cases: number) => cases >= most;

describe('fuzz', () => {
  it('counts cases, kinds and outcomes, those that were not met too', async () => {
    const report = await fuzz({ targets: [fine], seed: 's', from: 0, isOver: upTo(20) });
    expect(report).toEqual({
      cases: 20,
      kinds: new Map([['fine, bytes', 20]]),
      outcomes: new Map([
        ['fine: met', 20],
        ['fine: never met', 0],
      ]),
    });
  });

  it('stops at a broken law, with an input made as small as it gets', async () => {
    const { cases, finding } = await fuzz({ targets: [fine, holdsNoX], seed: 's', from: 0, isOver: upTo(1_000) });
    expect(cases).toBeLessThan(1_000);
    expect(finding).toMatchObject({ target: 'holds no x', kind: 'bytes', caseNumber: cases - 1 });
    expect(finding?.input.includes(0x78)).toBe(true);
    expect(finding?.shrunk).toEqual(Buffer.from('x'));
    expect(finding?.message).toContain('keeps the law: 1');
  });

  it('draws a case by its seed and number alone', async () => {
    const targets = [fine, holdsNoX];
    const { finding } = await fuzz({ targets, seed: 's', from: 0, isOver: upTo(1_000) });
    const { target, fuzzCase } = caseOf(targets, 's', finding?.caseNumber ?? -1);
    expect([target.name, fuzzCase.input, fuzzCase.options]).toEqual([
      finding?.target,
      finding?.input,
      finding?.options,
    ]);
    expect(caseOf([fine], 's', 1).fuzzCase.input).not.toEqual(caseOf([fine], 't', 1).fuzzCase.input);
  });

  it('finds what is thrown unforeseen, at once or later', async () => {
    const thrower = (check: () => Promise<void>): FuzzTarget => ({
      ...fine,
      draw: (random) => ({ ...fine.draw(random), check }),
    });
    const later = thrower(async () => Promise.reject(new TypeError('later')));
    const atOnce = thrower(() => {
      throw new RangeError('at once');
    });
    for (const [target, name] of [
      [later, 'TypeError: later'],
      [atOnce, 'RangeError: at once'],
    ] as const) {
      const { finding } = await fuzz({ targets: [target], seed: 's', from: 0, isOver: upTo(3) });
      expect(finding?.message).toContain(name);
      expect(finding?.shrunk).toHaveLength(0);
    }
  });

  it('finds a case that takes longer than its target allows', async () => {
    let seconds = 0;
    const slow = { ...fine, secondsMax: 2 };
    const options = { targets: [slow], seed: 's', from: 0, isOver: upTo(3) };
    expect((await fuzz({ ...options, seconds: () => seconds++ })).finding).toBeUndefined();
    const { finding } = await fuzz({
      ...options,
      seconds: () => {
        seconds += 3;
        return seconds;
      },
    });
    expect(finding?.message).toContain('takes at most 2 s: took 3.0 s');
  });

  it('keeps units whole while it makes an input smaller', async () => {
    const units: FuzzTarget = {
      ...targetOf('units', (input) => !input.includes(0x78) || input.length % 2 !== 0),
      unitBytes: 2,
    };
    const even = { ...units, draw: (random: Random) => ({ ...units.draw(random), input: Buffer.from('abxd__') }) };
    const { finding } = await fuzz({ targets: [even], seed: 's', from: 0, isOver: upTo(1) });
    expect(finding?.shrunk).toEqual(Buffer.from('xd'));
  });
});
