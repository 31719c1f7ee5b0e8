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

type Candidate = {
  readonly known: KnownFormat;
  readonly misfits: Tally;
  readonly min: DateParts;
  readonly max: DateParts;
  minRank: number;
  maxRank: number;
  fits: number;
  isRising: boolean;
  isFalling: boolean;
};

const toCandidate = (known: KnownFormat): Candidate => ({
  known,
  misfits: emptyTally(),
  min: emptyDateParts(),
  max: emptyDateParts(),
  minRank: 0,
  maxRank: 0,
  fits: 0,
  isRising: true,
  isFalling: true,
});

/** A number that grows with time, by which most dates are told apart; NaN where it takes more (a fraction, an offset). */
const rankOf = ({ year, month, day, hour, minute, second, fraction, offset }: DateParts): number =>
  fraction === '' && offset === ''
    ? ((((year * 13 + month) * 32 + day) * 24 + hour) * 60 + minute) * 60 + second
    : Number.NaN;

const compareTo = (bound: DateParts, boundRank: number, parts: DateParts, rank: number): number => {
  const difference = rank - boundRank;
  return Number.isNaN(difference) ? compareDates(parts, bound) : difference;
};

const widen = (candidate: Candidate, parts: DateParts): void => {
  const { min, max } = candidate;
  const rank = rankOf(parts);
  if (candidate.fits === 0) {
    Object.assign(min, parts);
    Object.assign(max, parts);
    candidate.minRank = rank;
    candidate.maxRank = rank;
    return;
  }
  const toMin = compareTo(min, candidate.minRank, parts, rank);
  const toMax = compareTo(max, candidate.maxRank, parts, rank);
  if (toMax < 0) candidate.isRising = false;
  if (toMin > 0) candidate.isFalling = false;
  if (toMin < 0) {
    Object.assign(min, parts);
    candidate.minRank = rank;
  }
  if (toMax > 0) {
    Object.assign(max, parts);
    candidate.maxRank = rank;
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
      candidates ??= knownFormats().map(toCandidate);
      let hasHopeless = false;
      for (const candidate of candidates) {
        if (readDate(candidate.known.tokens, text, parts)) {
          widen(candidate, parts);
          candidate.fits += count;
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
      (isOut ? [] : (candidates ?? []))
        .filter(({ fits }) => fits > 0)
        .map(({ known: { tokens: _tokens, ...known }, misfits, min, max, isRising, isFalling }) => {
          const toIso = known.type === 'date' ? isoDate : isoDatetime;
          return {
            ...known,
            misfits: joinTallies(misfits, unlike),
            min: toIso(min),
            max: toIso(max),
            direction: directionOf(isRising, isFalling),
          };
        }),
  };
};
