/** What a null endpoint was asked for since it was started or reset. Calls that it refused are not in it. */
export type NullCounts = {
  /** Calls of SQS, whatever they ask for. */
  readonly sqsRequests: number;
  /** Messages sent, and the bytes of their bodies. */
  readonly sqsMessages: number;
  readonly sqsBytes: number;
  /** Items of the rows table that were written, updated or deleted, by whatever call. */
  readonly writes: number;
  readonly writeRequests: number;
  /** Items of the rows table that were asked for; a page of a query is one. */
  readonly reads: number;
  /** Calls about other tables, which are really kept. */
  readonly otherTableRequests: number;
  readonly s3Gets: number;
  /** Bytes of bodies that GetObject answered with. */
  readonly s3Bytes: number;
  readonly s3Puts: number;
};

export type MutableNullCounts = { -readonly [Name in keyof NullCounts]: NullCounts[Name] };

export const noNullCounts = (): MutableNullCounts => ({
  sqsRequests: 0,
  sqsMessages: 0,
  sqsBytes: 0,
  writes: 0,
  writeRequests: 0,
  reads: 0,
  otherTableRequests: 0,
  s3Gets: 0,
  s3Bytes: 0,
  s3Puts: 0,
});

/** What the process of a null endpoint is asked, and what it answers under the same number. */
export type NullQuestion = { readonly number: number } & (
  | { readonly ask: 'counts' | 'reset' | 'cpuSeconds' }
  | { readonly ask: 'serve'; readonly bucket: string; readonly key: string; readonly path: string }
);
export type NullAnswer = { readonly number: number; readonly value?: unknown; readonly error?: string };
