import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, Experiment } from '../experiment.ts';
import { cleanAndEnqueuePeers } from '../peers/clean-and-enqueue-peers.ts';
import { createCleanEvents } from './clean-events.ts';
import { createStageContender, howMeasured, measuresWith } from './stage-contender.ts';
import { transactionsSchema } from './transactions.ts';

const measures = measuresWith({
  rowsPerSecond: { value: 150_000, source: 'DESIGN 14: the way of the article came to 17,500' },
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
  events: createCleanEvents(transactionsSchema),
});

const about = `A CSV file is read from S3, every field of every row cleaned, and the rows sent to an SQS queue. Packs and rows confirmed are counted. ${howMeasured}`;

/** The demo's transactions. */
export const cleanAndEnqueue: Experiment = {
  id: 'clean-and-enqueue',
  title: 'Clean and enqueue',
  about: `${about} The file holds 558,000 transactions with a little dirt.`,
  measures,
  contenders: [plain, withSchema, ...cleanAndEnqueuePeers],
};

/** The same over a comma-separated file of one's own, without a schema. */
export const cleanAndEnqueueFile = (file: string): Experiment => {
  const over = (contender: Contender): Contender => ({
    ...contender,
    async run(context) {
      const folder = join(context.folder, 'own-file');
      mkdirSync(folder, { recursive: true });
      return contender.run({ ...context, folder, file });
    },
  });
  return {
    id: 'clean-and-enqueue-file',
    title: 'Clean and enqueue, a real file',
    about,
    measures,
    contenders: [over(plain), ...cleanAndEnqueuePeers.map(over)],
  };
};
