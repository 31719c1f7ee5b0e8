import type { Experiment } from '../experiment.ts';
import { finishPeers } from '../peers/finish-peers.ts';
import { createStageContender, howMeasured, measuresWith } from './stage-contender.ts';
import { finishEvents } from './stage-events.ts';

export const finish: Experiment = {
  id: 'finish',
  title: 'Finish',
  about: `Outcomes that come in SQS messages are written to the rows they belong to, each on the condition that its row is still pending. The write budget is so high that nothing ever waits for it. ${howMeasured}`,
  measures: measuresWith({}),
  contenders: [
    createStageContender({ stage: 'finish-rows', id: 'sluice', title: 'Sluice, finish-rows', events: finishEvents }),
    ...finishPeers,
  ],
};
