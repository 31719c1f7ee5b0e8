import type { Experiment } from '../experiment.ts';
import { processPeers } from '../peers/process-peers.ts';
import { createStageContender, howMeasured, measuresWith } from './stage-contender.ts';
import { processEvents, transactionsEvents } from './stage-events.ts';
import { transactionsProcessor } from './transactions.ts';

export const processRows: Experiment = {
  id: 'process',
  title: 'Process',
  about: `Rows that come in SQS messages are handed to a processor one by one, and what it answers is sent to an SQS queue. ${howMeasured}`,
  measures: measuresWith({}),
  contenders: [
    createStageContender({
      stage: 'process-rows',
      id: 'sluice',
      title: 'Sluice, process-rows with the default processor',
      events: processEvents,
    }),
    createStageContender({
      stage: 'process-rows',
      id: 'sluice-transactions',
      title: "Sluice, process-rows with the example's processor",
      isOurs: true,
      events: transactionsEvents,
      processor: transactionsProcessor,
    }),
    ...processPeers,
  ],
};
