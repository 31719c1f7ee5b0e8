import type { Contender } from '../experiment.ts';
import { transactionsProcessor } from '../stages/transactions.ts';
import { createPeer } from './peer-contender.ts';
import { processPeerEvents } from './peer-events.ts';

/** So that an execution takes seconds and not minutes on a slow machine. */
const divisor = 2;

const peer = (id: string, title: string, processor: readonly string[]): Contender =>
  createPeer({
    id,
    title,
    divisor,
    language: 'node',
    script: 'stage.ts',
    counted: 'sqsMessages',
    async prepare(context, endpoint) {
      const { paths, rows } = await processPeerEvents(context);
      return { processes: paths.map((path) => ['process', path, endpoint.queueUrl('finished'), ...processor]), rows };
    },
  });

export const processPeers: readonly Contender[] = [
  peer('node-message-each', 'the usual way of Node: a message per row, the default processor', []),
  peer('node-message-each-transactions', "the same with the example's processor", [transactionsProcessor]),
];
