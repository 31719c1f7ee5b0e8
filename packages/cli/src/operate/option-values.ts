import { jobStates } from '@sluice/core/ports/job-store';
import { queueNames } from '@sluice/core/ports/queue';
import { toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';

const fail = (option: string, expected: string, found: string): never => {
  throw new UsageError(`${option}: expected ${expected}, found ${toTerminalText(JSON.stringify(found), 60)}`);
};

/** What options may be that take one of a few words. */
export const choices = {
  queue: queueNames,
  state: jobStates,
  format: ['csv', 'ndjson'],
  status: ['PENDING', 'DONE', 'FAILED', 'DEAD'],
} as const;

export type ExportFormat = (typeof choices)['format'][number];
export type ExportStatus = (typeof choices)['status'][number];

/** One of what an option may be, added to those that were given before; case does not matter. */
export const parseChoice =
  <Of extends keyof typeof choices>(option: string, of: Of) =>
  (text: string, before: readonly (typeof choices)[Of][number][] = []): readonly (typeof choices)[Of][number][] => {
    const found = (choices[of] as readonly (typeof choices)[Of][number][]).find(
      (choice) => choice.toLowerCase() === text.toLowerCase(),
    );
    return found === undefined ? fail(option, `one of ${choices[of].join(', ')}`, text) : [...before, found];
  };

const unitSeconds = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
]);

/** A time such as 90s, 30m, 2h, 3d, in milliseconds; a number alone is seconds. */
export const parseDuration =
  (option: string) =>
  (text: string): number => {
    const match = /^(\d{1,9})([smhd]?)$/.exec(text);
    const seconds = Number(match?.[1]) * (unitSeconds.get(match?.[2] === '' ? 's' : (match?.[2] ?? '')) ?? 0);
    return seconds > 0 ? seconds * 1000 : fail(option, 'a time such as 90s, 30m, 2h or 3d', text);
  };

/** One number, or the first and the last of several: 7, 100-200. */
export const parseRange =
  (option: string) =>
  (text: string): readonly [first: number, last: number] => {
    const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    return first >= 1 && last >= first ? [first, last] : fail(option, 'a row or a range such as 100-200', text);
  };

/** The format of an export. */
export const parseFormat = (text: string): ExportFormat => parseChoice('--format', 'format')(text)[0] ?? 'ndjson';
