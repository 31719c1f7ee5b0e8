import type { StageName } from '@sluice/core/wiring';
import type { FaultRates } from './draw-faults.ts';
import type { Actor, FactBody } from './facts.ts';
import type { FaultClass } from './fault-classes.ts';
import type { Draws } from './random.ts';
import type { Timers } from './scheduler.ts';

/** Ends the process that makes the `call`th port call of a simulation (from 1), before its effect or after it. */
export type Kill = { readonly call: number; readonly phase: 'before' | 'after' };

/** How often a fault struck, by where it did. */
export type Hits = Partial<Record<FaultClass, Partial<Record<StageName | 'service', number>>>>;

/** What everything in one simulation shares; also in a run over real time, whose timers are real. */
export type World = {
  readonly scheduler: Timers;
  /** When things happen. */
  readonly schedule: Draws;
  /** What goes wrong. */
  readonly faults: Draws;
  /** Milliseconds of a call's way to its service, of its work there, or of the way back. */
  way(): number;
  /** All 0 once the simulation is healed. */
  rates(): FaultRates;
  /** True, and counted, when the fault strikes here and now. */
  strikes(fault: FaultClass, stage: StageName | 'service'): boolean;
  /** Counts a fault that was decided elsewhere. */
  hit(fault: FaultClass, stage: StageName | 'service'): void;
  /** Tells the auditors what took effect. */
  tell(fact: FactBody): void;
  /** Whoever acts while `effect` runs, as far as it runs at once. */
  actAs<Result>(actor: Actor, effect: () => Result): Result;
  trace(line: string): void;
  /** The number of the next port call, and how its process ends over it, if it does. */
  countCall(): Kill['phase'] | undefined;
};
