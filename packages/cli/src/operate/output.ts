import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { UsageError } from '../usage-error.ts';

/** Where a command says what it found: results on standard output, everything else on standard error. */
export type Output = {
  readonly isJson: boolean;
  /** The result: `value` as JSON with --json, else the lines. Once per command. */
  result(value: unknown, lines: readonly string[]): void;
  /** One line on standard error. */
  note(line: string): void;
};

export const createOutput = (
  isJson: boolean,
  stdout: Pick<NodeJS.WriteStream, 'write'>,
  stderr: Pick<NodeJS.WriteStream, 'write'>,
): Output => ({
  isJson,
  result(value, lines) {
    stdout.write(isJson ? `${JSON.stringify(value, undefined, 2)}\n` : lines.map((line) => `${line}\n`).join(''));
  },
  note: (line) => void stderr.write(`${line}\n`),
});

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
