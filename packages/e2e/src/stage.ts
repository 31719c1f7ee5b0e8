import type { Wiring } from '@sluice/core/wiring';
import type { Cloud, Outputs } from './cloud.ts';
import type { Completions } from './completions.ts';
import { inboxPrefix } from './deployment.ts';
import type { TestFile } from './file.ts';
import { smallFile } from './file.ts';
import type { OutsideService } from './outside-service.ts';
import type { Sluice } from './sluice.ts';

/** Everything a part of the scenario may touch. */
export type Stage = {
  readonly endpoint: string;
  readonly cloud: Cloud;
  readonly outputs: Outputs;
  readonly wiring: Wiring;
  readonly file: TestFile;
  readonly service: OutsideService;
  /** The command, as whoever operates the deployment uses it. */
  readonly sluice: Sluice;
  readonly completions: Completions;
  readonly signal: AbortSignal;
};

export type Say = (text: string) => void;

/** A key that S3 encodes in its events, so that the file is only found when the event is decoded. */
export const key = `${inboxPrefix}März + April (50 %).csv`;
/** That of a small file whose event never arrives. */
export const lostKey = `${inboxPrefix}Mai & Juni/ohne Ereignis.csv`;

export const fileOf = (stage: Stage, ofKey: string): TestFile => (ofKey === lostKey ? smallFile : stage.file);

export const failWith = (what: string, differences: readonly string[]): void => {
  if (differences.length > 0) throw new Error(`${what}:\n  ${differences.join('\n  ')}`);
};
