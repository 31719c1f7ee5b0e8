import type { DeadMark } from '@sluice/core/ports/job-store';

/** Why rows were given up, as far as it is the same for many of them. */
export type MarkReason = Pick<DeadMark, 'stage' | 'code' | 'attempts' | 'permanent'>;

/**
 * What is wrong with rows. `pending`: in the table, not final, nothing said of them. `dead`: not final, and marked. `missing`: neither in
 * the table nor rejected nor marked. `unknown`: not in the table, in a chunk whose reject object is gone. `doubled`: rejected and in the
 * table, or there twice. `stray`: with a chunk whose planned rows they are not among.
 */
const gapKinds = ['pending', 'dead', 'missing', 'unknown', 'doubled', 'stray'] as const;
export type GapKind = (typeof gapKinds)[number];

/** Neighbouring rows with which the same is wrong; first and last, both inclusive. */
export type Gap = {
  readonly kind: GapKind;
  readonly rows: readonly [first: number, last: number];
  readonly chunks: readonly [first: number, last: number];
  readonly reason?: MarkReason;
};

/** Gaps in the order in which they were found: the first ones, and how many there are. */
export type GapList = {
  /** Adds a row of a chunk; it is joined to the last one where it follows on it and is alike. */
  add(kind: GapKind, row: number, chunk: number, reason?: MarkReason): void;
  /** Adds what another list holds. */
  addAll(other: GapList): void;
  listed(): readonly Gap[];
  /** How many more ranges there are than are listed. */
  more(): number;
  /** Rows by kind, listed or not. */
  readonly rows: Readonly<Record<GapKind, number>>;
};

/** Ranges that are kept. Unit: ranges; about 100 bytes each. */
const listedMax = 10_000;

/** A range that may grow: millions of rows may follow on one another. */
type Growing = Omit<Gap, 'rows' | 'chunks'> & { readonly rows: [number, number]; readonly chunks: [number, number] };

const isAlike = (a: MarkReason | undefined, b: MarkReason | undefined): boolean =>
  a === b ||
  (a?.stage === b?.stage && a?.code === b?.code && a?.attempts === b?.attempts && a?.permanent === b?.permanent);

export const createGapList = (most = listedMax): GapList => {
  const gaps: Growing[] = [];
  const rows: Record<GapKind, number> = { pending: 0, dead: 0, missing: 0, unknown: 0, doubled: 0, stray: 0 };
  /** Of those listed, or one too many to be. */
  let last: Growing | undefined;
  let more = 0;

  /** True when the last range took it in. */
  const extend = (
    kind: GapKind,
    first: number,
    end: number,
    chunk: number,
    reason: MarkReason | undefined,
  ): boolean => {
    if (last?.kind !== kind || last.rows[1] + 1 !== first || !isAlike(last.reason, reason)) return false;
    last.rows[1] = end;
    last.chunks[1] = chunk;
    return true;
  };

  const append = (gap: Growing): void => {
    last = gap;
    if (gaps.length < most) gaps.push(gap);
    else more++;
  };

  return {
    rows,
    add(kind, row, chunk, reason) {
      rows[kind]++;
      if (extend(kind, row, row, chunk, reason)) return;
      append({ kind, rows: [row, row], chunks: [chunk, chunk], ...(reason === undefined ? {} : { reason }) });
    },
    addAll(other) {
      for (const kind of gapKinds) rows[kind] += other.rows[kind];
      for (const { kind, rows: range, chunks, reason } of other.listed()) {
        if (extend(kind, range[0], range[1], chunks[1], reason)) continue;
        append({ kind, rows: [...range], chunks: [...chunks], ...(reason === undefined ? {} : { reason }) });
      }
      if (other.more() === 0) return;
      more += other.more();
      last = undefined;
    },
    listed: () => gaps,
    more: () => more,
  };
};
