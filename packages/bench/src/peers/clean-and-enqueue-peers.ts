import type { Contender } from '../experiment.ts';
import type { NullEndpoint } from '../null-endpoint/start-null-endpoint.ts';
import { cleaningInput } from '../stages/cleaning-input.ts';
import { createPeer, type PeerSettings } from './peer-contender.ts';

/** So that an execution takes seconds and not minutes on a slow machine. */
const divisor = 6;

// Both read the file from disk, which costs less than from S3, and clean without a schema.

const prepare: PeerSettings['prepare'] = async (context, endpoint: NullEndpoint) => {
  const { path, rows } = await cleaningInput(context);
  return { processes: [[path, endpoint.queueUrl('rows')]], rows };
};

export const cleanAndEnqueuePeers: readonly Contender[] = [
  createPeer({
    id: 'python-pool',
    title: "the article's way: Python, process pool, csv, boto3, a message per row in batches of 10",
    divisor,
    language: 'python',
    script: 'enqueue.py',
    counted: 'sqsMessages',
    prepare,
  }),
  createPeer({
    id: 'node-csv-parse',
    title: 'the usual way of Node: one process, csv-parse, a message per row in batches of 10',
    divisor,
    language: 'node',
    script: 'enqueue.ts',
    counted: 'sqsMessages',
    prepare,
  }),
];
