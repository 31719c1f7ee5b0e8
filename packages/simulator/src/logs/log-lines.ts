/** A line of log as far as its cost asks of it: numbers of an invocation have `stage`, what a logger says has `service`. */
export type LogLine = {
  readonly stage?: string;
  readonly service?: string;
  readonly level?: string;
  readonly bytes: number;
} & Readonly<
  Partial<Record<'RowsIn' | 'RowsRetried' | 'MessagesFailed' | 'rowsIn' | 'retried' | 'messagesFailed', number>>
>;

/** Throws for a line that is no JSON, which nobody could search. */
export const parseLogLines = (texts: readonly string[]): LogLine[] =>
  texts
    .flatMap((text) => text.split('\n').filter((line) => line !== ''))
    .map((line) => ({
      ...(JSON.parse(line) as object),
      bytes: Buffer.byteLength(line) + 1,
    }));

export const bytesOfLines = (lines: readonly LogLine[]): number => lines.reduce((sum, { bytes }) => sum + bytes, 0);

/** A line of a sweep or search that found nothing, its numbers or what it says of itself: written by the minute, whatever there is to do. */
export const isIdleLine = (line: LogLine): boolean =>
  (line.stage ?? line.service) === 'audit-job' &&
  line.level !== 'WARN' &&
  line.level !== 'ERROR' &&
  [line.RowsIn, line.RowsRetried, line.MessagesFailed, line.rowsIn, line.retried, line.messagesFailed].every(
    (count) => count === undefined || count === 0,
  );
