import type { Profile } from '@sluice/core/ports/job-store';
import type { FaultClass } from './fault-classes.ts';

/** One version of one object, put into the inbox. */
export type Upload = {
  /** After the simulation's start. */
  readonly atSeconds: number;
  readonly key: string;
  readonly bytes: Buffer;
  /** How often S3 tells of it: once, unless the user brings the same file twice. */
  readonly events: number;
};

/** What the user does in one simulation. */
export type Workload = {
  readonly profiles: readonly Profile[];
  readonly uploads: readonly Upload[];
  readonly chunkBytes: number;
  /** Rows of a message; 0 fills messages by bytes. */
  readonly rowsPerMessage: number;
};

/** What is taken out of a simulation to make it smaller; the rest stays as the seed drew it. */
export type Knobs = {
  readonly without?: readonly FaultClass[];
  /** Uploads that are kept, from the first on. */
  readonly uploads?: number;
  /** Records of each file that are kept, from the first on. */
  readonly records?: number;
};
