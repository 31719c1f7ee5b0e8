import type { Operator } from './operator.ts';
import type { Ask, Output } from './output.ts';

/** What every command works with. `ask` says yes by itself where --yes was given. */
export type Session = {
  readonly operator: Operator;
  readonly output: Output;
  readonly ask: Ask;
  /** Aborts when somebody interrupts. */
  readonly signal: AbortSignal;
};

/** The answer is no, or a service failed: one line on standard error, exit status 1. */
export class CommandFailed extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandFailed';
  }
}
