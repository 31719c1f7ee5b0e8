import type { Experiment } from '../experiment.ts';
import { relayPeers } from '../peers/relay-peers.ts';
import { createStageContender, howMeasured, measuresWith } from './stage-contender.ts';
import { relayEvents } from './stage-events.ts';

export const relay: Experiment = {
  id: 'relay',
  title: 'Relay',
  about: `New rows that come from the table's stream, a thousand to an event, are sent to an SQS queue. ${howMeasured}`,
  measures: measuresWith({}),
  contenders: [
    createStageContender({ stage: 'relay-rows', id: 'sluice', title: 'Sluice, relay-rows', events: relayEvents }),
    ...relayPeers,
  ],
};
