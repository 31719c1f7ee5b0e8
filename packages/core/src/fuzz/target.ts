import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../errors.ts';
import type { Random } from './random.ts';

/** Told what a case met (a record's kind, an error's code), so that a run can say what it never reached. */
export type Note = (outcome: string) => void;

/** One input and the laws it must keep. */
export type FuzzCase = {
  /** What sort of input it is. */
  readonly kind: string;
  readonly input: Buffer;
  /** All else that the case depends on; a report shows it as JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Throws when a law is broken. Depends on nothing but the input and the options, so that a smaller input can be tried. */
  readonly check: (input: Buffer, note: Note) => void | Promise<void>;
};

/** What `<file>.fuzz.ts` exports as `target`: random inputs for that file, and what must hold for every one. */
export type FuzzTarget = {
  readonly name: string;
  /** How often it is drawn beside the others. */
  readonly weight: number;
  readonly draw: (random: Random) => FuzzCase;
  /** Bytes that stay together when an input is made smaller. Default 1. */
  readonly unitBytes?: number;
  /** Processor time that no case may take. Default: 10 s. */
  readonly secondsMax?: number;
  /** Outcomes that a long run must have met. */
  readonly outcomes: readonly string[];
};

export class BrokenLaw extends Error {
  readonly law: string;

  constructor(law: string, detail: string) {
    super(`${law}: ${detail}`);
    this.name = 'BrokenLaw';
    this.law = law;
  }
}

const shownLengthMax = 600;
const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}...` : text;
};

export const hold = (law: string, condition: boolean, detail: () => unknown = () => 'it does not'): void => {
  if (!condition) throw new BrokenLaw(law, show(detail()));
};

/** The first entries that differ, since whole lists are too long to read. */
export const holdSame = (law: string, found: unknown, expected: unknown): void => {
  if (isDeepStrictEqual(found, expected)) return;
  if (Array.isArray(found) && Array.isArray(expected)) {
    const length = Math.max(found.length, expected.length);
    for (let at = 0; at < length; at++) {
      if (isDeepStrictEqual(found[at], expected[at])) continue;
      throw new BrokenLaw(law, `at ${at}: expected ${show(expected[at])}, found ${show(found[at])}`);
    }
  }
  throw new BrokenLaw(law, `expected ${show(expected)}, found ${show(found)}`);
};

const lineEnds = /[\n\r]/;

export const holdOneLine = (law: string, message: string): void => {
  hold(law, message.length > 0 && !lineEnds.test(message), () => message);
};

const quotedLengthMax = 6;

/** That a message gives away none of what it speaks of: no six characters of the marker. */
export const holdNoContent = (law: string, message: string, marker: string): void => {
  for (let at = 0; at + quotedLengthMax <= marker.length; at++) {
    hold(law, !message.includes(marker.slice(at, at + quotedLengthMax)), () => message);
  }
};

/** What `run` gives, or the SluiceError it throws, which must be one line. Anything else thrown is a finding. */
export const attempt = <Result>(law: string, run: () => Result): Result | SluiceError => {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw new BrokenLaw(law, `expected a SluiceError, found ${String(thrown)}`);
    holdOneLine(law, thrown.message);
    return thrown;
  }
};
