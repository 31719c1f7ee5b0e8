import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, Experiment } from '../experiment.ts';
import { cleanAndEnqueuePeers } from '../peers/clean-and-enqueue-peers.ts';
import { createCleanEvents } from './clean-events.ts';
import { createStageContender, howMeasured, measuresWith } from './stage-contender.ts';
import { transactionsSchema } from './transactions.ts';

const measures = measuresWith({
  rowsPerSecond: { value: 150_000, source: 'set where the way of the article came to 17,500' },
});

const plain = createStageContender({
  stage: 'clean-rows',
  id: 'sluice',
  title: 'Sluice, clean-rows without a schema',
  events: createCleanEvents(),
});

const withSchema = createStageContender({
  stage: 'clean-rows',
  id: 'sluice-with-schema',
  title: 'Sluice, clean-rows under a schema of eight columns',
  isOurs: true,
  events: createCleanEvents(transactionsSchema),
});

const about = `A CSV file is read from S3, every field of every row cleaned, and the rows sent to an SQS queue. Packs and rows confirmed are counted. ${howMeasured}`;

/** The contender with this file as the context's own, or none, in a folder of its own. */
const over = (contender: Contender, name: string, file: string | undefined): Contender => ({
  ...contender,
  async run({ file: _, ...context }) {
    const folder = join(context.folder, name);
    mkdirSync(folder, { recursive: true });
    return contender.run({ ...context, folder, ...(file === undefined ? {} : { file }) });
  },
});

/** The demo's transactions, whatever file the context has. */
export const cleanAndEnqueue: Experiment = {
  id: 'clean-and-enqueue',
  title: 'Clean and enqueue',
  about: `${about} The file holds 558,000 transactions with a little dirt.`,
  measures,
  contenders: [
    over(plain, 'transactions', undefined),
    over(withSchema, 'transactions', undefined),
    ...cleanAndEnqueuePeers.map((peer) => over(peer, 'transactions', undefined)),
  ],
};

/** The same over a comma-separated file of one's own, without a schema. */
export const cleanAndEnqueueFile = (file: string): Experiment => ({
  id: 'clean-and-enqueue-file',
  title: 'Clean and enqueue, a real file',
  about,
  measures,
  contenders: [over(plain, 'own-file', file), ...cleanAndEnqueuePeers.map((peer) => over(peer, 'own-file', file))],
});
