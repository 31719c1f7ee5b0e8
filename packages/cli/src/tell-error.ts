import { SluiceError } from '@sluice/core/errors';
import { CommanderError } from 'commander';
import { toServiceFailure } from './operate/service-failure.ts';
import { CommandFailed } from './operate/session.ts';
import type { RunResult } from './run.ts';
import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

type Say = (text: string) => void;

/** Tells what struck and what held. Returns whether all of it did. */
export const tellChaos = async ({ chaos }: Pick<RunResult, 'chaos'>, say: Say): Promise<boolean> => {
  if (chaos === undefined) return true;
  const { holds, renderChaos } = await import('./chaos/render-chaos.ts');
  say(renderChaos(chaos));
  return holds(chaos);
};

/** What a run of this machine threw, once the modules are there that know it. */
const tellLocal = async (thrown: unknown, say: Say): Promise<number> => {
  const { isDiskFull, StateDamaged } = await import('@sluice/local-cloud/database');
  const { BrokenUnderFaults, DiskFull, Interrupted } = await import('./run.ts');
  if (thrown instanceof BrokenUnderFaults) {
    say(`sluice: ${toTerminalText(thrown.message)}\n`);
    await tellChaos(thrown, say);
    return 1;
  }
  const told = isDiskFull(thrown) ? new DiskFull() : thrown;
  if (told instanceof StateDamaged)
    say(`sluice: the state of this run was damaged again (${told.message}); is the disk sound?\n`);
  else if (told instanceof Interrupted || told instanceof DiskFull) say(`sluice: ${told.message}\n`);
  else say(`sluice: unexpected error: ${toTerminalText(thrown instanceof Error ? (thrown.stack ?? '') : '', 2_000)}\n`);
  return 1;
};

/**
 * Says in one line what a command threw, and returns the exit status: 2 for wrong usage and unusable input, 1 for the rest. The one
 * place where errors become words and a status.
 */
export const tellError = async (thrown: unknown, say: Say): Promise<number> => {
  // The parser has said it itself; help and version end by one, too.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const told = toServiceFailure(thrown);
  if (told instanceof UsageError) {
    say(`sluice: ${told.message}\n`);
    return 2;
  }
  if (told instanceof CommandFailed || told instanceof SluiceError) {
    say(`sluice: ${toTerminalText(told.message, 1_000)}\n`);
    return 1;
  }
  return tellLocal(told, say);
};
