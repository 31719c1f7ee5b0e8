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

/** Asks on the terminal; only `y` or `yes` is a yes. */
export const askOnTerminal: Ask = async (question) => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(`${question} Expected an answer from a terminal or --yes, found neither`);
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
  } finally {
    asking.close();
  }
};
