import { once } from 'node:events';
import { toTerminalText } from '../terminal-text.ts';

/** Standard output, or what stands for it in a test. */
export type StandardOutput = Pick<NodeJS.WriteStream, 'write' | 'on' | 'once' | 'off' | 'isTTY'>;

/** Text for whoever reads standard output, as fast as it is read. */
export type TextOutput = {
  /** Resolves once more can be taken; false when nobody reads any more. Rejects with the signal's reason, or what else went wrong. */
  write(text: string): Promise<boolean>;
  /** Resolves once everything was taken. */
  end(): Promise<void>;
};

/** Lines that a terminal shows as they are: what stands in files and results could steer it. */
const toTerminalLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => toTerminalText(line, Number.POSITIVE_INFINITY))
    .join('\n');

/** The reader of a pipe may leave early, as `head` does: that is no failure. */
export const createTextOutput = (stream: StandardOutput, signal: AbortSignal): TextOutput => {
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure = error;
  };
  const isLeft = (): boolean => {
    if (failure !== undefined && (failure as NodeJS.ErrnoException).code !== 'EPIPE') throw failure;
    return failure !== undefined;
  };
  stream.on('error', fail);
  const settle = async (waited: Promise<unknown>): Promise<void> => {
    try {
      await waited;
    } catch (thrown) {
      signal.throwIfAborted();
      fail(thrown as Error);
    }
  };
  return {
    async write(text) {
      signal.throwIfAborted();
      if (isLeft()) return false;
      const shown = stream.isTTY ? toTerminalLines(text) : text;
      if (!stream.write(shown) && failure === undefined) {
        await settle(once(stream as NodeJS.WriteStream, 'drain', { signal }));
      }
      return !isLeft();
    },
    async end() {
      if (!isLeft()) {
        await settle(
          new Promise<void>((resolve, reject) => {
            stream.write('', (error) => (error ? reject(error) : resolve()));
          }),
        );
      }
      isLeft();
      stream.off('error', fail);
    },
  };
};
