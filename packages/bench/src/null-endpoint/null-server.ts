import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ScriptedReply } from '@sluice/core/aws/scripted-endpoint';
import { createFastLane } from './fast-lane.ts';
import { type NullAnswer, type NullQuestion, noNullCounts } from './null-counts.ts';
import { createNullDynamoDb } from './null-dynamodb.ts';
import { createNullS3 } from './null-s3.ts';
import { createNullSqs } from './null-sqs.ts';

// The process of a null endpoint. Its first message is its URL; then it answers questions of its parent, and ends with it.

const counts = noNullCounts();
const { urlOf, listen } = (() => {
  let url = '';
  return {
    urlOf: (name: string): string => `${url}/000000000000/${name}`,
    listen: (address: AddressInfo): string => {
      url = `http://127.0.0.1:${address.port}`;
      return url;
    },
  };
})();
const sqs = createNullSqs(counts, urlOf);
const dynamoDb = createNullDynamoDb(counts);
const s3 = createNullS3(counts);

const answer = (target: string, body: Buffer): ScriptedReply => {
  const [service, operation = ''] = target.split('.', 2);
  if (service === 'AmazonSQS') return sqs(operation, body);
  if (service === 'DynamoDB_20120810') return dynamoDb(operation, body);
  return { status: 501 };
};

const others = createHttpServer(async (incoming, outgoing) => {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
  } catch {
    // The client gave up in the middle of its request.
    return;
  }
  const body = Buffer.concat(pieces);
  const target = incoming.headers['x-amz-target'];
  if (typeof target !== 'string') return s3.answer(incoming, body, outgoing);
  const reply = answer(target, body);
  outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body ?? '') });
  outgoing.end(reply.body);
});
// Clients pause between requests as long as they like.
others.keepAliveTimeout = 0;
const server = createFastLane(answer, others);

let cpuAtReset = process.cpuUsage();

const tell = async (question: NullQuestion): Promise<unknown> => {
  switch (question.ask) {
    case 'counts':
      return counts;
    case 'cpuSeconds': {
      const { user, system } = process.cpuUsage(cpuAtReset);
      return (user + system) / 1e6;
    }
    case 'reset':
      Object.assign(counts, noNullCounts());
      cpuAtReset = process.cpuUsage();
      return undefined;
    case 'serve':
      return s3.serve(question.bucket, question.key, question.path);
  }
};

process.on('message', (question: NullQuestion) => {
  const { number } = question;
  tell(question).then(
    (value) => process.send?.({ number, value } satisfies NullAnswer),
    (thrown: Error) => process.send?.({ number, error: thrown.message } satisfies NullAnswer),
  );
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.(listen(server.address() as AddressInfo)));
