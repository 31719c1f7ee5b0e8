import type { Contender } from '../experiment.ts';
import { createPeer } from './peer-contender.ts';
import { finishPeerEvents } from './peer-events.ts';

export const finishPeers: readonly Contender[] = [
  createPeer({
    id: 'node-update-item',
    title: 'the usual way of Node: UpdateItem each, with the same condition',
    language: 'node',
    script: 'stage.ts',
    counted: 'writes',
    async prepare(context) {
      const { paths, rows } = await finishPeerEvents(context);
      return { processes: paths.map((path) => ['finish', path, 'rows']), rows };
    },
  }),
];
