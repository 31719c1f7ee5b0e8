import { batchBytesMax, batchEntriesMax } from '@sluice/core/ports/queue';
import { countText } from '../terminal-text.ts';
import type { Audits } from './audits.ts';
import type { PlannedCost, StagePlan } from './plan.ts';
import type { Price, Prices } from './price-table.ts';
import type { Model } from './rates.ts';
import { logBytesPerInvocation, logBytesPerRow } from './stage-speeds.ts';
import { readUnitBytes, requestBytes, writesPerChunk, writesPerJob } from './unit-rules.ts';

/** Bytes of a ranged read of split-file: `core/src/read-object.ts`. */
const readAheadBytes = 4 * 1024 * 1024;
/** Writes of the ledger for each audit: its lease taken and given back, the job. */
const writesPerAudit = 3;

type Queued = {
  readonly messages: number;
  readonly messageBytes: number;
  /** Messages that are there to be sent at once. */
  readonly together: number;
  readonly invocations: number;
};

type Requests = { readonly sends: number; readonly receives: number; readonly deletes: number };

/** Requests that the messages of a queue are: every 64 KiB that a call carries is one, and no call is less than one. */
export const requestsOf = ({ messages, messageBytes, together, invocations }: Queued): Requests => {
  if (messages === 0) return { sends: 0, receives: 0, deletes: 0 };
  const perSend = Math.max(1, Math.min(batchEntriesMax, Math.floor(batchBytesMax / messageBytes), together));
  const perReceive = Math.max(1, messages / Math.max(1, invocations));
  // A receive brings ten messages at most; larger batches are made of several.
  const receivesPerInvocation = Math.ceil(perReceive / batchEntriesMax);
  const perCall = (count: number): number => Math.max(1, Math.ceil((count * messageBytes) / requestBytes));
  const receives = Math.min(messages, invocations * receivesPerInvocation);
  return {
    sends: Math.ceil(messages / perSend) * perCall(perSend),
    receives: Math.ceil(receives * perCall(messages / receives)),
    deletes: Math.ceil(receives),
  };
};

/** What everything costs, by service, with how it was come by. */
export const costOf = (
  model: Model,
  audits: Audits,
  stages: readonly StagePlan[],
  prices: Prices,
): readonly PlannedCost[] => {
  const { load } = model;
  const { accepted, rows, chunks } = load;
  const lineOf = (
    service: PlannedCost['service'],
    what: string,
    price: Price,
    units: number,
    arithmetic: string,
  ): PlannedCost => ({
    service,
    what,
    arithmetic: `${arithmetic} = ${countText(Math.round(units))} ${price.unit}`,
    units,
    dollars: (units / price.per) * price.dollars,
  });
  const planOf = (stage: StagePlan['stage']): Pick<StagePlan, 'messages' | 'invocations'> =>
    stages.find((found) => found.stage === stage) ?? { messages: 0, invocations: 0 };
  const units = (count: number): string => (count === 1 ? '1 unit' : `${count} units`);

  const [store, relay, work, finish, clean] = (
    ['store-rows', 'relay-rows', 'process-rows', 'finish-rows', 'clean-rows'] as const
  ).map(planOf) as [StagePlan, StagePlan, StagePlan, StagePlan, StagePlan];
  const bytesOf = (messages: number, bytesPerRow: number): number =>
    messages === 0 ? 1 : Math.max(1, (accepted * bytesPerRow) / messages);
  const queues: readonly Requests[] = [
    requestsOf({ messages: 1, messageBytes: 1, together: 1, invocations: 1 }),
    requestsOf({ messages: chunks, messageBytes: 200, together: batchEntriesMax, invocations: clean.invocations }),
    requestsOf({
      messages: store.messages,
      messageBytes: bytesOf(store.messages, load.tupleBytes),
      together: Math.max(1, load.packsPerChunk),
      invocations: store.invocations,
    }),
    requestsOf({
      messages: work.messages,
      messageBytes: bytesOf(work.messages, load.tupleBytes),
      together: relay.invocations === 0 ? 1 : Math.ceil(work.messages / relay.invocations),
      invocations: work.invocations,
    }),
    requestsOf({
      messages: finish.messages,
      messageBytes: bytesOf(finish.messages, load.outcomeBytes),
      together: work.invocations === 0 ? 1 : Math.ceil(finish.messages / work.invocations),
      invocations: finish.invocations,
    }),
    requestsOf({ messages: audits.passes, messageBytes: 1, together: 1, invocations: audits.passes }),
  ];
  const sum = (pick: (requests: Requests) => number): number => queues.reduce((all, queue) => all + pick(queue), 0);
  const [sends, receives, deletes] = [sum((q) => q.sends), sum((q) => q.receives), sum((q) => q.deletes)];

  const gigabyteSeconds = stages.reduce((all, stage) => all + stage.gigabyteSeconds, 0);
  const mostTime = [...stages].sort((a, b) => b.gigabyteSeconds - a.gigabyteSeconds)[0];
  const invocations = stages.reduce((all, stage) => all + stage.invocations, 0);
  const rejectObjects = Math.min(chunks, rows - accepted);
  const puts = 1 + rejectObjects + (rejectObjects > 0 ? 2 : 0);
  const ranges = Math.ceil(load.bytes / readAheadBytes);
  const logBytes = Math.max(rows * logBytesPerRow, invocations * logBytesPerInvocation);
  const itemsPerCount = chunks === 0 ? 0 : (accepted / chunks) * load.finishedBytes;

  return [
    lineOf(
      'DynamoDB',
      'rows stored and finished',
      prices.writeUnit,
      accepted * (load.storeUnits + load.finishUnits),
      `${countText(accepted)} rows x (${units(load.storeUnits)} for about ${countText(Math.round(load.itemBytes))} bytes + ${units(load.finishUnits)} for about ${countText(Math.round(load.finishedBytes))})`,
    ),
    lineOf(
      'DynamoDB',
      'ledger',
      prices.writeUnit,
      chunks * writesPerChunk + writesPerJob + audits.passes * writesPerAudit,
      `${countText(chunks)} chunks x ${writesPerChunk} + ${countText(audits.passes)} audits x ${writesPerAudit} + about ${writesPerJob} for the job`,
    ),
    lineOf(
      'DynamoDB',
      'rows counted',
      prices.readUnit,
      (audits.counts * itemsPerCount) / readUnitBytes,
      `${countText(audits.counts)} times a chunk of ${countText(Math.round(chunks === 0 ? 0 : accepted / chunks))} rows x ${countText(Math.round(load.finishedBytes))} bytes / 4 KiB`,
    ),
    lineOf(
      'SQS',
      'messages',
      prices.sqsRequest,
      sends + receives + deletes,
      `${countText(sends)} to send, ${countText(receives)} to receive, ${countText(deletes)} to delete, each 64 KiB a request`,
    ),
    lineOf(
      'Lambda',
      'time',
      prices.lambdaTime,
      gigabyteSeconds,
      `seconds of all stages x memory, waits, pacing and cold starts included${mostTime === undefined ? '' : `; most of it ${mostTime.stage}, ${countText(Math.round(mostTime.gigabyteSeconds))}`}`,
    ),
    lineOf('Lambda', 'requests', prices.lambdaRequest, invocations, 'invocations of all stages'),
    lineOf(
      'S3',
      'objects written',
      prices.s3Put,
      puts,
      `1 upload + ${countText(rejectObjects)} objects of rejected rows${rejectObjects > 0 ? ' + 2 that they are merged into' : ''}`,
    ),
    lineOf(
      'S3',
      'ranges read',
      prices.s3Get,
      1 + ranges + chunks + 2 * rejectObjects,
      `1 for the head + ${countText(ranges)} of 4 MiB to split + ${countText(chunks)} chunks + ${countText(2 * rejectObjects)} to merge rejects`,
    ),
    lineOf(
      'CloudWatch',
      'logs',
      prices.logs,
      logBytes / 1e9,
      `the larger of ${countText(rows)} rows x ${logBytesPerRow} bytes and ${countText(invocations)} invocations x ${logBytesPerInvocation}, ${countText(Math.round(logBytes / 1e6))} MB`,
    ),
  ];
};
