import { type StageName, stageNames } from '@sluice/core/wiring';
import { toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';

const fail = (option: string, expected: string, found: string): never => {
  throw new UsageError(`${option}: expected ${expected}, found ${toTerminalText(JSON.stringify(found), 60)}`);
};

const rowUnits = new Map([
  ['', 1],
  ['k', 1e3],
  ['m', 1e6],
  ['b', 1e9],
]);

const byteUnits = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
  ['tib', 1024 ** 4],
]);

/** A number and a unit, or undefined: 558000, 558,000, 1.5M. Nothing that comes to part of a row or a byte. */
const amountOf = (text: string, units: ReadonlyMap<string, number>): number | undefined => {
  const match = /^(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text);
  const unit = units.get((match?.[2] ?? '').toLowerCase());
  if (match === null || unit === undefined) return undefined;
  // 4.1 * 1e9 is not whole by a hair.
  const amount = Math.round(Number(match[1]?.replaceAll(',', '')) * unit * 1e3) / 1e3;
  return Number.isSafeInteger(amount) && amount >= 1 ? amount : undefined;
};

/** A number of rows, in full or with k, M or B for thousands, millions and billions. */
export const parseRows =
  (option: string) =>
  (text: string): number =>
    amountOf(text, rowUnits) ?? fail(option, 'a number of rows such as 558000, 558k, 10M or 1B', text);

/** A size in bytes: in full, in kB, MB, GB or TB (thousands), or in KiB, MiB, GiB or TiB. */
export const parseBytes =
  (option: string) =>
  (text: string): number =>
    amountOf(text, byteUnits) ?? fail(option, 'a size such as 50000000, 50MB or 2GiB', text);

/** A number that need not be whole. */
export const parseNumber =
  (option: string, most: number) =>
  (text: string): number => {
    const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    return value <= most ? value : fail(option, `a number from 0 to ${most}`, text);
  };

/** A whole number of some stages. */
export type ByStage = Readonly<Partial<Record<StageName, number>>>;

export type StageBounds = { readonly stages: readonly StageName[]; readonly least: number; readonly most: number };

/** `stage=N`, several of them separated by commas or given one after the other; what was given before is kept. */
export const parseByStage =
  (option: string, { stages, least, most }: StageBounds) =>
  (text: string, before: ByStage = {}): ByStage => {
    const found: Partial<Record<StageName, number>> = { ...before };
    for (const part of text.split(',')) {
      const [, name, digits] = /^([a-z-]+)=(\d{1,6})$/.exec(part.trim()) ?? [];
      const stage = stageNames.find((candidate) => candidate === name);
      const value = Number(digits);
      if (stage === undefined || !stages.includes(stage) || !(value >= least && value <= most)) {
        const expected = `stage=N with N from ${least} to ${most} and a stage of ${stages.join(', ')}`;
        return fail(option, expected, part);
      }
      found[stage] = value;
    }
    return found;
  };
