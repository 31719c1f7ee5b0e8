import type { ColumnRule } from '@sluice/core/clean/column';
import type { RejectCode } from '@sluice/core/rejects';
import { countText } from '../terminal-text.ts';
import type { ColumnEvidence } from './column-evidence.ts';
import type { DateFit } from './date-evidence.ts';
import { digitsFormat } from './date-formats.ts';
import { type Direction, joinTallies, nearShare, type Tally } from './evidence.ts';
import { valuesMin } from './sureness.ts';

/** What is proposed for a column, and why. Notes are for people and hold nothing of the file's content. */
export type Proposal = {
  readonly rule: ColumnRule;
  /** Values, and missing ones where the column is required, that the rule rejects: dirt that was tolerated. */
  readonly rejected: Readonly<Tally>;
  readonly notes: readonly string[];
};

/** A rule that fits all of a column's values but its misfits, which it rejects with the code. */
type Fit = {
  readonly rule: ColumnRule;
  readonly misfits: Readonly<Tally>;
  readonly code: RejectCode;
  readonly direction?: Direction;
};

/** A list of values is at most this long, and there are at least so many values for each. */
const listedMax = 50;
const valuesPerListed = 10;

const none: Readonly<Tally> = { count: 0, line: 0 };

const isWithin = (misfits: Readonly<Tally>, values: number, share: number): boolean =>
  misfits.count === 0 || (values >= valuesMin && misfits.count / values <= share);

const place = (misfits: Readonly<Tally>, code: RejectCode): string =>
  `first: line ${countText(misfits.line)} (${code})`;

const nearNote = (what: string, misfits: Readonly<Tally>, of: number, unit: string, code: RejectCode): string =>
  `${what} would fit all but ${countText(misfits.count)} of ${countText(of)} ${unit}; ${place(misfits, code)}`;

/** Only when it keeps the column's words apart: one pair, and both of its words seen. Of 1 and 0 an integer says more. */
const fitBoolean = ({ values, booleans }: ColumnEvidence, share: number): Fit | undefined => {
  const { isWhole, pairs, hasTrue, hasFalse, others } = booleans;
  const [pair] = pairs;
  if (!isWhole || pairs.length !== 1 || pair === '1/0' || !hasTrue || !hasFalse) return undefined;
  if (!isWithin(others, values, share)) return undefined;
  return { rule: { type: 'boolean' }, misfits: others, code: 'NOT_BOOLEAN' };
};

/**
 * Integer where every number is written as one; where all end in `.0` it takes enough of them, since a decimal's next value may
 * not. Decimal for other numbers, and for integers that a JSON number does not hold. Neither where a value would lose its spelling.
 */
const fitNumber = ({ values, numbers }: ColumnEvidence, share: number): Fit | undefined => {
  const { isWhole, tallies, range } = numbers;
  const { integer, floated, beyond, decimal, respelled, other } = tallies;
  if (!isWhole || range === undefined || respelled.count > 0 || !isWithin(other, values, share)) return undefined;
  const isFloated = floated.count > 0;
  const isInteger =
    beyond.count + decimal.count === 0 && (!isFloated || (integer.count === 0 && floated.count >= valuesMin));
  const { min, max, direction } = range;
  const hasRange = values >= valuesMin;
  if (!isInteger) {
    return {
      rule: { type: 'decimal', ...(hasRange ? { min, max } : {}) },
      misfits: other,
      code: 'NOT_DECIMAL',
      direction,
    };
  }
  return {
    // Number(...) + 0, because JSON has no minus zero.
    rule: { type: 'integer', ...(hasRange ? { min: Number(min) + 0, max: Number(max) + 0 } : {}) },
    misfits: other,
    code: 'NOT_INTEGER',
    direction,
  };
};

const dateWords = new Set(['date', 'datum', 'day', 'dt', 'fecha']);

const isDateName = (name: string): boolean =>
  name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .some((word) => dateWords.has(word));

/**
 * Eight digits are an integer, unless it is plain that they are dates: all are days of 1900 to 2100, and the column's name says
 * date, or there are enough of them in more than one month: counted numbers do not get past day 31.
 */
const isPlainDigits = (fit: DateFit, name: string, values: number): boolean => {
  const month = (iso: string): string => iso.slice(0, 7);
  if (fit.min < '1900' || fit.max >= '2101') return false;
  return isDateName(name) || (values >= valuesMin && month(fit.min) !== month(fit.max));
};

/**
 * The formats of dates that fit within `share`, the best first, or all but dirt (a share of one in a hundred): two of these that
 * differ in the order of day and month cannot be told apart. With few values the looser of two is better, it refuses less.
 */
const dateFits = ({ values, dates }: ColumnEvidence, name: string, share: number) => {
  const isPossible = (fit: DateFit): boolean =>
    (!fit.hasShortYear || values >= valuesMin) && (fit.format !== digitsFormat || isPlainDigits(fit, name, values));
  const possible = dates
    .filter(isPossible)
    .sort(
      (left, right) =>
        left.misfits.count - right.misfits.count ||
        (values < valuesMin ? right.looseness - left.looseness : left.looseness - right.looseness),
    );
  const fitting = possible.filter(({ misfits }) => isWithin(misfits, values, share));
  const near = possible.filter(({ misfits }) => isWithin(misfits, values, Math.max(share, nearShare)));
  const orders = [...new Set(near.map(({ order }) => order))];
  return { fitting, near, isAmbiguous: orders.length > 1, orders };
};

const formatName = ({ type, format }: DateFit): string => (format === undefined ? `ISO 8601 ${type}` : format);

const fitDate = (evidence: ColumnEvidence, name: string, share: number): Fit | undefined => {
  const { fitting, isAmbiguous } = dateFits(evidence, name, share);
  const [best] = fitting;
  if (best === undefined || isAmbiguous) return undefined;
  const { type, format, min, max, misfits, direction } = best;
  return {
    rule: {
      type,
      ...(format === undefined ? {} : { format }),
      ...(evidence.values >= valuesMin ? { min, max } : {}),
    },
    misfits,
    code: type === 'date' ? 'NOT_DATE' : 'NOT_DATETIME',
    direction,
  };
};

/**
 * A list of the values seen, when they are few and a new one is not to be expected: the chance of one is the share of values seen
 * once. Source: Good 1953, "The population frequencies of species and the estimation of population parameters" (Good-Turing).
 */
const fitEnum = ({ values, distinct }: ColumnEvidence, share: number): Fit | undefined => {
  if (distinct.values === undefined || values < valuesMin) return undefined;
  const listed: string[] = [];
  let once = none;
  for (const [value, tally] of distinct.values) {
    if (tally.count === 1) once = joinTallies(once, tally);
    else listed.push(value);
  }
  if (listed.length === 0 || listed.length > listedMax || values < valuesPerListed * listed.length) return undefined;
  if (!isWithin(once, values, share)) return undefined;
  return { rule: { type: 'enum', values: listed.sort() }, misfits: once, code: 'NOT_IN_VALUES' };
};

const isRead = (fit: Fit | undefined): fit is Fit => fit !== undefined;

/** A date in plain digits reads as an integer too, so dates come before numbers. */
const fitMeasures = (evidence: ColumnEvidence, name: string, share: number): readonly Fit[] =>
  [fitBoolean(evidence, share), fitDate(evidence, name, share), fitNumber(evidence, share)].filter(isRead);

/** All values are words of the type boolean, but it is not proposed: one word is missing, or they are of several pairs. */
const isAllBoolean = ({ values, booleans }: ColumnEvidence): boolean =>
  values > 0 && booleans.isWhole && booleans.others.count === 0;

const fitBest = (evidence: ColumnEvidence, name: string, tolerate: number): Fit => {
  const text: Fit = { rule: { type: 'string' }, misfits: none, code: 'REQUIRED' };
  if (evidence.values === 0) return text;
  const [exact] = fitMeasures(evidence, name, 0);
  if (exact !== undefined) return exact;
  const [tolerated] = fitMeasures(evidence, name, tolerate);
  if (tolerated !== undefined) return tolerated;
  // What is a measure but for some dirt, or perhaps one, has no list of values.
  const isMeasure =
    dateFits(evidence, name, 0).isAmbiguous ||
    fitMeasures(evidence, name, nearShare).some(({ rule }) => rule.type !== 'boolean');
  if (isMeasure || isAllBoolean(evidence)) return text;
  return fitEnum(evidence, 0) ?? fitEnum(evidence, tolerate) ?? text;
};

/** What fits but for some dirt, and what else is good to know of a column for which this fit was chosen. */
const notesOn = (evidence: ColumnEvidence, name: string, chosen: Fit): readonly string[] => {
  const { values, numbers, booleans, distinct } = evidence;
  if (values === 0) return ['no value in any row: any text is accepted'];
  const { type } = chosen.rule;
  const { tallies } = numbers;
  const notes: string[] = [];
  if (chosen.misfits.count > 0) {
    const { misfits, code } = chosen;
    notes.push(`${countText(misfits.count)} of ${countText(values)} values are rejected; ${place(misfits, code)}`);
  }
  if (type === 'string' || type === 'enum') {
    for (const { rule, misfits, code } of fitMeasures(evidence, name, nearShare)) {
      notes.push(nearNote(rule.type, misfits, values, 'values', code));
    }
    const { isAmbiguous, near, orders } = dateFits(evidence, name, 0);
    if (isAmbiguous) {
      const formats = orders.flatMap((order) => near.find((fit) => fit.order === order) ?? []).map(formatName);
      notes.push(
        `dates whose day and month cannot be told apart: ${formats.join(' and ')} fit; set the format if you know it`,
      );
    }
    const read = values - tallies.other.count;
    if (numbers.isWhole && tallies.respelled.count > 0 && isWithin(tallies.other, values, nearShare)) {
      notes.push(
        `numbers, but ${countText(tallies.respelled.count)} of ${countText(read)} would be written otherwise (leading zeros, +, exponents); ` +
          `first: line ${countText(tallies.respelled.line)}`,
      );
    }
    if (isAllBoolean(evidence)) {
      notes.push(
        booleans.pairs.length > 1
          ? `boolean would read every value, but not keep ${booleans.pairs.join(' and ')} apart`
          : `boolean would read every value, but only ${booleans.hasTrue ? 'true' : 'false'} was seen`,
      );
    }
    const listed = type === 'string' ? fitEnum(evidence, nearShare) : undefined;
    if (listed?.rule.type === 'enum' && listed.misfits.count > 0) {
      const what = `a list of ${countText(listed.rule.values.length)} values`;
      notes.push(nearNote(what, listed.misfits, values, 'values', listed.code));
    }
  }
  if (type === 'integer' && isAllBoolean(evidence) && booleans.hasTrue && booleans.hasFalse) {
    notes.push('only 0 and 1: boolean would fit too');
  }
  const fractions = joinTallies(tallies.decimal, tallies.beyond);
  if (type === 'decimal' && tallies.floated.count === 0 && isWithin(fractions, values, nearShare)) {
    notes.push(nearNote('integer', joinTallies(fractions, chosen.misfits), values, 'values', 'NOT_INTEGER'));
  }
  if ('format' in chosen.rule && chosen.rule.format === digitsFormat) notes.push('integer would fit too');
  if (chosen.rule.type === 'enum' && distinct.values !== undefined) {
    const rarest = Math.min(...[...distinct.values.values()].map(({ count }) => count).filter((count) => count > 1));
    notes.push(
      `the rarest value was seen ${countText(rarest)} times; the last new one came in line ${countText(distinct.lastNewLine)}`,
    );
  }
  if ('min' in chosen.rule && chosen.direction !== undefined && chosen.direction !== 'mixed') {
    const bound = chosen.direction === 'rising' ? 'max' : 'min';
    notes.push(
      `in ${chosen.direction} order: later values will lie beyond ${bound}, so take it out if more are to come`,
    );
  }
  return notes;
};

/**
 * Proposes what a schema should ask of a column, such that nothing is refused or changed that was seen. Boolean, date, datetime,
 * integer or decimal where that fits every value; else, with `tolerate` above 0, where it fits all but that share; else a list of
 * values, else string. With few values nothing is proposed that refuses values of the same type (see `valuesMin`). `required`
 * where no row lacks the value, or so few that they are within `tolerate` together with the misfits.
 */
export const proposeRule = (name: string, evidence: ColumnEvidence, tolerate: number): Proposal => {
  const { values, missing } = evidence;
  const fit = fitBest(evidence, name, tolerate);
  const notes = [...notesOn(evidence, name, fit)];
  const rows = values + missing.count;
  const rejected = joinTallies(fit.misfits, missing);
  const isRequired = values >= valuesMin && (missing.count === 0 || isWithin(rejected, rows, tolerate));
  if (missing.count > 0 && values >= valuesMin && isWithin(missing, rows, nearShare)) {
    notes.push(
      isRequired
        ? `${countText(missing.count)} of ${countText(rows)} rows lack the value and are rejected; ${place(missing, 'REQUIRED')}`
        : nearNote('required', missing, rows, 'rows', 'REQUIRED'),
    );
  }
  const { type, ...rest } = fit.rule;
  return {
    rule: isRequired ? ({ type, required: true, ...rest } as ColumnRule) : fit.rule,
    rejected: isRequired ? rejected : fit.misfits,
    notes,
  };
};
