import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';

/** The body of a call, by the input of its command. */
const bodies = new WeakMap<object, Buffer>();

/**
 * Lets the client send bodies that are ready as text. A call with one goes through the SDK like any other: it is signed, measured,
 * sent and read by it. Only turning the input into JSON, which takes the SDK longer than the text itself takes, is left out: the
 * serialiser gets an input that holds next to nothing, and its body is replaced in the step that the SDK has for completing
 * requests. Source: @smithy/types, BuildMiddleware; "build" comes after "serialize" and before signing in "finalizeRequest".
 */
export const acceptPreparedBodies = (client: DynamoDBClient | SQSClient): void => {
  // Their stacks differ in the types of inputs alone, which nothing here looks into.
  const { middlewareStack } = client as DynamoDBClient;
  middlewareStack.add(
    (next) => (args) => {
      const body = bodies.get(args.input);
      if (body !== undefined) (args.request as { body?: unknown }).body = body;
      return next(args);
    },
    // Before the body's length is taken, which is of normal priority.
    { name: 'sluicePreparedBody', step: 'build', priority: 'high', override: true },
  );
};

/**
 * Has `json` sent as the body of the command with this input, instead of the input's own. The input should be one that the
 * service refuses: should the body ever not take its place, nothing is written.
 */
export const prepareBody = (input: object, json: string): void => {
  bodies.set(input, Buffer.from(json));
};
