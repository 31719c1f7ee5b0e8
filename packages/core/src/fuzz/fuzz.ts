import { createRandom } from './random.ts';
import { shrink } from './shrink.ts';
import { BrokenLaw, type FuzzCase, type FuzzTarget, type Note } from './target.ts';

/** Processor time that a case may take where its target says nothing else. */
const secondsMaxDefault = 10;
/** Processor time that may be spent on making an input smaller. */
const shrinkSecondsMax = 30;

export type Finding = {
  readonly target: string;
  readonly kind: string;
  readonly caseNumber: number;
  readonly message: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: Buffer;
  readonly shrunk: Buffer;
};

export type FuzzReport = {
  readonly cases: number;
  /** Cases by `target, kind`. */
  readonly kinds: ReadonlyMap<string, number>;
  /** Cases that met each outcome, by `target: outcome`; 0 for those that a long run must meet and this one did not. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly finding?: Finding;
};

export type FuzzOptions = {
  readonly targets: readonly FuzzTarget[];
  readonly seed: string;
  /** The first case. */
  readonly from: number;
  /** Asked before each case, with the number of cases done. */
  readonly isOver: (cases: number) => boolean;
  /** Told before a case is checked, and each time it is checked again with a smaller input. */
  readonly onCase?: (caseNumber: number) => void;
  /** Processor time used so far; without it cases may take as long as they like. */
  readonly seconds?: () => number;
};

/** The case of a number: the same for the same seed and targets, whatever ran before. */
export const caseOf = (
  targets: readonly FuzzTarget[],
  seed: string,
  caseNumber: number,
): { readonly target: FuzzTarget; readonly fuzzCase: FuzzCase } => {
  const random = createRandom(`${seed}/${caseNumber}`);
  let drawn = random.below(targets.reduce((sum, { weight }) => sum + weight, 0));
  const target = targets.find(({ weight }) => {
    drawn -= weight;
    return drawn < 0;
  });
  if (target === undefined) throw new Error('expected targets with a weight, found none');
  return { target, fuzzCase: target.draw(random) };
};

const lawOf = (thrown: unknown): string => (thrown instanceof BrokenLaw ? thrown.law : 'throws nothing unforeseen');
const textOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);

/** Runs cases one after the other until it is over or a law is broken. Then the input is made smaller as long as the same law is broken. */
export const fuzz = async (options: FuzzOptions): Promise<FuzzReport> => {
  const { targets, seed, from, isOver, onCase, seconds } = options;
  const kinds = new Map<string, number>();
  const outcomes = new Map<string, number>();
  for (const { name, outcomes: wanted } of targets) for (const each of wanted) outcomes.set(`${name}: ${each}`, 0);
  const count = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };

  let cases = 0;
  for (; !isOver(cases); cases++) {
    const caseNumber = from + cases;
    onCase?.(caseNumber);
    const startSeconds = seconds?.() ?? 0;
    const { target, fuzzCase } = caseOf(targets, seed, caseNumber);
    const { kind, input } = fuzzCase;
    count(kinds, `${target.name}, ${kind}`);
    const met = new Set<string>();
    const note: Note = (outcome) => met.add(outcome);
    try {
      const running = fuzzCase.check(Buffer.from(input), note);
      if (running !== undefined) await running;
      const taken = (seconds?.() ?? 0) - startSeconds;
      const secondsMax = target.secondsMax ?? secondsMaxDefault;
      if (taken > secondsMax) throw new BrokenLaw(`takes at most ${secondsMax} s`, `took ${taken.toFixed(1)} s`);
    } catch (thrown) {
      const law = lawOf(thrown);
      let message = textOf(thrown);
      const isFailing = async (candidate: Buffer): Promise<boolean> => {
        onCase?.(caseNumber);
        try {
          await fuzzCase.check(candidate, () => undefined);
          return false;
        } catch (again) {
          if (lawOf(again) !== law) return false;
          message = textOf(again);
          return true;
        }
      };
      const foundSeconds = seconds?.() ?? 0;
      const isLate = (): boolean => (seconds?.() ?? 0) - foundSeconds > shrinkSecondsMax;
      const shrunk = await shrink(input, target.unitBytes ?? 1, isFailing, isLate);
      const finding = { target: target.name, kind, caseNumber, message, options: fuzzCase.options, input, shrunk };
      return { cases: cases + 1, kinds, outcomes, finding };
    }
    for (const outcome of met) count(outcomes, `${target.name}: ${outcome}`);
  }
  return { cases, kinds, outcomes };
};
