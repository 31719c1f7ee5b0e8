import { Agent } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';

// Clients as they are usually made: from the environment, connections kept alive, as many of them as there are calls in flight.

const handlerOf = (sockets: number): NodeHttpHandler =>
  new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: sockets }) });

export const createSqs = (sockets: number): SQSClient => new SQSClient({ requestHandler: handlerOf(sockets) });
export const createDynamoDb = (sockets: number): DynamoDBClient =>
  new DynamoDBClient({ requestHandler: handlerOf(sockets) });
