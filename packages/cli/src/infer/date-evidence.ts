import { compareDates, type DateParts, emptyDateParts, isoDate, isoDatetime, readDate } from '@sluice/core/clean/date';
import { isDateLike, type KnownFormat, knownFormats } from './date-formats.ts';
import { addTo, type Direction, directionOf, emptyTally, isHopeless, joinTallies, type Tally } from './evidence.ts';

/** A format that fits nearly all of a column's values, and what they are in it. */
export type DateFit = Omit<KnownFormat, 'tokens'> & {
  readonly misfits: Readonly<Tally>;
  /** The earliest and the latest in ISO form. */
  readonly min: string;
  readonly max: string;
  readonly direction: Direction;
};

/** What the values are that a format fits, once there is one. */
type Range = {
  readonly min: DateParts;
  readonly max: DateParts;
  minRank: number;
  maxRank: number;
  isRising: boolean;
  isFalling: boolean;
};

type Candidate = { readonly known: KnownFormat; readonly misfits: Tally; range: Range | undefined };

/** A number that grows with time, by which most dates are told apart; NaN where it takes more (a fraction, an offset). */
const rankOf = ({ year, month, day, hour, minute, second, fraction, offset }: DateParts): number =>
  fraction === '' && offset === ''
    ? ((((year * 13 + month) * 32 + day) * 24 + hour) * 60 + minute) * 60 + second
    : Number.NaN;

const compareTo = (bound: DateParts, boundRank: number, parts: DateParts, rank: number): number => {
  const difference = rank - boundRank;
  return Number.isNaN(difference) ? compareDates(parts, bound) : difference;
};

const beginRange = (parts: DateParts): Range => {
  const rank = rankOf(parts);
  return { min: { ...parts }, max: { ...parts }, minRank: rank, maxRank: rank, isRising: true, isFalling: true };
};

const widen = (range: Range, parts: DateParts): void => {
  const { min, max } = range;
  const rank = rankOf(parts);
  const toMin = compareTo(min, range.minRank, parts, rank);
  const toMax = compareTo(max, range.maxRank, parts, rank);
  if (toMax < 0) range.isRising = false;
  if (toMin > 0) range.isFalling = false;
  if (toMin < 0) {
    Object.assign(min, parts);
    range.minRank = rank;
  }
  if (toMax > 0) {
    Object.assign(max, parts);
    range.maxRank = rank;
  }
};

/** Learns which of the known formats fit a column: a set that shrinks, empty for most columns after a hundred values. */
export const createDateEvidence = (share: number) => {
  // Made at the first text that could be a date.
  let candidates: Candidate[] | undefined;
  let isOut = false;
  /** What no format fits. */
  const unlike = emptyTally();
  const parts = emptyDateParts();
  return {
    take(text: string, count: number, line: number, values: number): void {
      if (isOut) return;
      if (!isDateLike(text)) {
        addTo(unlike, count, line);
        isOut = isHopeless(unlike.count, values, share);
        return;
      }
      candidates ??= knownFormats().map((known) => ({ known, misfits: emptyTally(), range: undefined }));
      let hasHopeless = false;
      for (const candidate of candidates) {
        if (readDate(candidate.known.tokens, text, parts)) {
          if (candidate.range === undefined) candidate.range = beginRange(parts);
          else widen(candidate.range, parts);
        } else {
          addTo(candidate.misfits, count, line);
          hasHopeless ||= isHopeless(candidate.misfits.count + unlike.count, values, share);
        }
      }
      if (!hasHopeless) return;
      candidates = candidates.filter(({ misfits }) => !isHopeless(misfits.count + unlike.count, values, share));
      isOut = candidates.length === 0;
    },
    /** The formats that fit at least one value and were not given up. */
    finish: (): readonly DateFit[] =>
      (isOut ? [] : (candidates ?? [])).flatMap(({ known: { tokens: _tokens, ...known }, misfits, range }) => {
        if (range === undefined) return [];
        const toIso = known.type === 'date' ? isoDate : isoDatetime;
        const { min, max, isRising, isFalling } = range;
        const direction = directionOf(isRising, isFalling);
        return [{ ...known, misfits: joinTallies(misfits, unlike), min: toIso(min), max: toIso(max), direction }];
      }),
  };
};
