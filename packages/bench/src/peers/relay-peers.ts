import type { Contender } from '../experiment.ts';
import { createPeer } from './peer-contender.ts';
import { relayPeerEvents } from './peer-events.ts';

/** So that an execution takes seconds and not minutes on a slow machine. */
const divisor = 2;

export const relayPeers: readonly Contender[] = [
  createPeer({
    id: 'node-message-each',
    title: 'the usual way of Node: unmarshall, a message per row in batches of 10',
    divisor,
    language: 'node',
    script: 'stage.ts',
    counted: 'sqsMessages',
    async prepare(context, endpoint) {
      const { paths, rows } = await relayPeerEvents(context);
      return { processes: paths.map((path) => ['relay', path, endpoint.queueUrl('work')]), rows };
    },
  }),
];
