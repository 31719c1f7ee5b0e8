import type { Clock, Random } from '@sluice/core/ports/clock';
import type { DeadLetters } from '@sluice/core/ports/dead-letters';
import type { QueueName } from '@sluice/core/ports/queue';
import type { Services } from '@sluice/core/stage';
import type { Inspector } from './doctor/inspect.ts';
import type { MetricReader } from './metrics.ts';
import type { PutFile } from './put-file.ts';
import type { Stack } from './stack.ts';

/** A deployment as the commands see it: its services, by the ports of the pipeline and those of an operator. */
export type Operator = Pick<Services, 'jobs' | 'rows' | 'objects' | 'queues'> & {
  readonly stack: Stack;
  readonly deadLetters: Readonly<Record<QueueName, DeadLetters>>;
  readonly metrics: MetricReader;
  /** For files too large for a port that holds an object, or a part of 5 MiB. */
  readonly putFile: PutFile;
  readonly inspect: Inspector;
  readonly clock: Clock;
  readonly random: Random;
};
