import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { UsageError } from '../usage-error.ts';
import { cutText } from '../view/text-width.ts';

/** Where a command says what it found: results on standard output, everything else on standard error. */
export type Output = {
  readonly isJson: boolean;
  /** The result: `value` as JSON with --json, else the lines. Once per command. */
  result(value: unknown, lines: readonly string[]): void;
  /** One line on standard error. */
  note(line: string): void;
  /** A line on standard error in the place of the last one; empty takes that away. Only where standard error is a terminal. */
  readonly update?: (line: string) => void;
  /** Cells of a line of standard output; only where that is a terminal. */
  readonly width?: number;
};

type Stream = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>;

/** What a terminal may obey of what JSON leaves as it is: C1 controls, and format characters, which turn the direction of text. */
const obeyed = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON in characters that a terminal shows and does not obey; in one line without `indent`. */
export const toHarmlessJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(obeyed, (character) =>
    Array.from({ length: character.length }, (_, unit) => {
      return `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`;
    }).join(''),
  );

/** Source: xterm, "Control Sequences": the beginning of the line, and nothing behind it. */
const eraseLine = '\r\u001b[K';
/** Where no size is known. */
const usualColumns = 80;

export const createOutput = (
  isJson: boolean,
  stdout: Stream,
  stderr: Stream,
  environment: Readonly<Record<string, string | undefined>> = {},
): Output => {
  const isLive = stderr.isTTY === true && environment['TERM'] !== 'dumb';
  let isUpdated = false;
  const take = (): string => {
    const erased = isUpdated ? eraseLine : '';
    isUpdated = false;
    return erased;
  };
  const update = (line: string): void => {
    const erased = take();
    isUpdated = line !== '';
    stderr.write(`${erased}${cutText(line, (stderr.columns ?? usualColumns) - 1)}`);
  };
  return {
    isJson,
    result(value, lines) {
      const erased = take();
      if (erased !== '') stderr.write(erased);
      stdout.write(isJson ? `${toHarmlessJson(value, 2)}\n` : lines.map((line) => `${line}\n`).join(''));
    },
    note: (line) => void stderr.write(`${take()}${line}\n`),
    ...(isLive ? { update } : {}),
    ...(stdout.isTTY === true ? { width: stdout.columns ?? usualColumns } : {}),
  };
};

/** Resolves to the answer of whoever sits at the terminal. Throws UsageError where nobody does. */
export type Ask = (question: string) => Promise<boolean>;

type Terminal = { readonly isTTY?: boolean };

/**
 * Asks on the terminal, where only `y` or `yes` is a yes, and the end of the input a no. With --yes nobody is asked; with --json alone
 * nobody can be, since whoever reads JSON is a program. Rejects with the signal's reason when it aborts meanwhile.
 */
export const createAsk =
  (
    { yes = false, json }: { readonly yes?: boolean; readonly json: boolean },
    input: NodeJS.ReadableStream & Terminal,
    output: NodeJS.WritableStream & Terminal,
    signal: AbortSignal,
  ): Ask =>
  async (question) => {
    if (yes) return true;
    if (json) throw new UsageError(`${question} Expected --yes along with --json, found --json alone`);
    if (input.isTTY !== true || output.isTTY !== true) {
      throw new UsageError(`${question} Expected an answer from a terminal or --yes, found neither`);
    }
    signal.throwIfAborted();
    const asking = createInterface({ input, output });
    // The terminal is in raw mode while it asks: an interrupt is a character then.
    asking.on('SIGINT', () => void process.kill(process.pid, 'SIGINT'));
    const closed = once(asking, 'close').then(() => '');
    try {
      const answer = await Promise.race([asking.question(`${question} [y/N] `, { signal }), closed]);
      return /^y(?:es)?$/i.test(answer.trim());
    } catch (thrown) {
      throw signal.aborted ? signal.reason : thrown;
    } finally {
      asking.close();
    }
  };
