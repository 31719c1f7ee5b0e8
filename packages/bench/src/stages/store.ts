import type { Experiment } from '../experiment.ts';
import { storePeers } from '../peers/store-peers.ts';
import { createStageContender, howMeasured, measuresWith } from './stage-contender.ts';
import { storeEvents } from './stage-events.ts';

export const store: Experiment = {
  id: 'store',
  title: 'Store',
  about: `Rows that come in SQS messages are inserted into a DynamoDB table, each on the condition that it is not there yet. The write budget is so high that nothing ever waits for it. ${howMeasured}`,
  measures: measuresWith({
    cpuMicrosecondsPerRow: { value: 40, source: 'set where a PutItem for each row took 383' },
  }),
  contenders: [
    createStageContender({ stage: 'store-rows', id: 'sluice', title: 'Sluice, store-rows', events: storeEvents }),
    ...storePeers,
  ],
};
