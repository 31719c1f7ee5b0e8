import { toTerminalText } from 'sluice/terminal-text';
import { UsageError } from 'sluice/usage-error';

/** Longest complaint: services answer at length. */
const complaintMax = 1_000;

/** Runs a command: what it cannot do is one line on standard error, with exit status 2 when the usage is at fault, else 1. */
export const endWith = async (name: string, command: () => Promise<void>): Promise<void> => {
  try {
    await command();
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    process.stderr.write(`${name}: ${toTerminalText(message, complaintMax)}\n`);
    process.exitCode = thrown instanceof UsageError ? 2 : 1;
  }
};
