import type { CommonFlags } from './commands.ts';
import type { Session } from './session.ts';

/** Finds the deployment and its services. Throws UsageError when there is none, or no credentials. */
export const connect = async (_flags: CommonFlags, _signal: AbortSignal): Promise<Session> => {
  throw new Error('unfinished');
};
