import type { Contender } from '../experiment.ts';
import { createPeer } from './peer-contender.ts';
import { storePeerEvents } from './peer-events.ts';

/** So that an execution takes seconds and not minutes on a slow machine. */
const divisor = 4;

export const storePeers: readonly Contender[] = [
  createPeer({
    id: 'node-put-item',
    title: 'the usual way of Node: PutItem each, with the same condition',
    divisor,
    language: 'node',
    script: 'stage.ts',
    counted: 'writes',
    async prepare(context) {
      const { paths, rows } = await storePeerEvents(context);
      return { processes: paths.map((path) => ['store', path, 'rows']), rows };
    },
  }),
  createPeer({
    id: 'python-batch-writer',
    title: "the article's way: boto3's batch writer, which has no condition and overwrites",
    divisor,
    language: 'python',
    script: 'store.py',
    counted: 'writes',
    async prepare(context) {
      const { paths, rows } = await storePeerEvents(context);
      return { processes: paths.map((path) => [path, 'rows']), rows };
    },
  }),
];
