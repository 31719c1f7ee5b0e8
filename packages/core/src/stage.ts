import type { Logger } from '@aws-lambda-powertools/logger';
import type { Clock, Random } from './ports/clock.ts';
import type { Events } from './ports/events.ts';
import type { JobStore } from './ports/job-store.ts';
import type { Metrics } from './ports/metrics.ts';
import type { ObjectStore } from './ports/object-store.ts';
import type { Queue, QueueName } from './ports/queue.ts';
import type { RowStore } from './ports/row-store.ts';
import type { Wiring } from './wiring.ts';

/** The services of the pipeline, as one binding (AWS, local cloud, simulator) offers them. */
export type Services = {
  readonly objects: ObjectStore;
  readonly queues: Readonly<Record<QueueName, Queue>>;
  readonly rows: RowStore;
  readonly jobs: JobStore;
  readonly events: Events;
};

/** What every stage gets besides services: time, chance, a voice, and its numbers. */
export type Seams = {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly wiring: Wiring;
};

/** All of it. A stage's factory asks for the part it needs; so what it may touch can be read from its type. */
export type StagePorts = Services & Seams;
