import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ScriptedReply } from '@sluice/core/aws/scripted-endpoint';
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

const write = ({ status, headers, body = '' }: ScriptedReply, outgoing: ServerResponse): void => {
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  outgoing.end(body);
};

const serviceReply = (target: string, body: Buffer): ScriptedReply | Promise<ScriptedReply> => {
  const [service, operation = ''] = target.split('.', 2);
  if (service === 'AmazonSQS') return sqs(operation, body);
  if (service === 'DynamoDB_20120810') return dynamoDb(operation, body);
  return { status: 501 };
};

const answer = (incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): void => {
  const target = incoming.headers['x-amz-target'];
  if (typeof target !== 'string') s3.answer(incoming, body, outgoing);
  else {
    const reply = serviceReply(target, body);
    if (reply instanceof Promise) reply.then((late) => write(late, outgoing));
    else write(reply, outgoing);
  }
};

const server = createServer((incoming, outgoing) => {
  let first: Buffer | undefined;
  let pieces: Buffer[] | undefined;
  incoming.on('data', (piece: Buffer) => {
    if (first === undefined) first = piece;
    else if (pieces === undefined) pieces = [first, piece];
    else pieces.push(piece);
  });
  incoming.on('end', () => {
    answer(incoming, pieces === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(pieces), outgoing);
  });
});
// Workers pause between requests as long as they like.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.headersTimeout = 0;

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
