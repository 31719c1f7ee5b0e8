import type { Contender } from '../experiment.ts';
import { createPeer } from './peer-contender.ts';
import { finishPeerEvents } from './peer-events.ts';

/** So that an execution takes seconds and not minutes on a slow machine. */
const divisor = 4;

export const finishPeers: readonly Contender[] = [
  createPeer({
    id: 'node-update-item',
    title: 'the usual way of Node: UpdateItem each, with the same condition',
    divisor,
    language: 'node',
    script: 'stage.ts',
    counted: 'writes',
    async prepare(context) {
      const { paths, rows } = await finishPeerEvents(context);
      return { processes: paths.map((path) => ['finish', path, 'rows']), rows };
    },
  }),
];
