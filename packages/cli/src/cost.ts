import { packBytesMax } from '@sluice/core/pack';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { Price } from './plan/price-table.ts';
import { pricesOf } from './plan/price-table.ts';
import {
  itemOverheadBytes,
  readUnitBytes,
  tupleBytes,
  valueBytes,
  writesPerChunk,
  writesPerJob,
  writeUnitsOf,
} from './plan/unit-rules.ts';
import { countText } from './terminal-text.ts';

/** Prices of us-east-1: others are up to about a quarter dearer, see the price table. */
export const { prices } = pricesOf('us-east-1');

/** SQS: a message is sent, received and deleted; batches save only where messages are small. */
const requestsPerMessage = 3;
/** Rows that one invocation of store-rows or finish-rows writes in a second: what its share of the table's write budget is. */
const rowsWrittenPerSecond = 250;

/** What an estimate rests on. */
export type CostFacts = {
  readonly rows: number;
  /** Rows that were stored and processed. */
  readonly accepted: number;
  readonly chunks: number;
  /** Of the file's text, unpacked. */
  readonly bytes: number;
  readonly columns: number;
  /** 0: messages are filled by bytes. */
  readonly rowsPerMessage: number;
  /**
   * Seconds that the stages' functions worked: `measured` on AWS, or on this machine, where no service was waited for; or not
   * known. Those of stages that are not named are not counted.
   */
  readonly busySeconds: ReadonlyMap<StageName, number>;
  readonly measured: 'on AWS' | 'on this machine' | 'nowhere';
};

export type CostLine = {
  readonly what: string;
  /** How the units were come by, ending with how many they are. */
  readonly arithmetic: string;
  readonly units: number;
  readonly price: Price;
  readonly dollars: number;
};

export type CostEstimate = {
  readonly lines: readonly CostLine[];
  readonly dollars: number;
  /** Undefined where no row was accepted. */
  readonly dollarsPerMillionRows?: number;
  readonly assumptions: readonly string[];
};

/** A price as people read it. */
export const priceText = ({ dollars, per, unit }: Price): string =>
  per === 1
    ? `$${dollars.toFixed(10).replace(/0+$/, '')} per ${unit}`
    : `$${dollars.toFixed(3).replace(/0$/, '')} per ${per === 1e6 ? 'million' : countText(per)} ${unit}`;

/** Dollars as people read them: cents, and below them two digits that count. */
export const dollarsText = (dollars: number): string => {
  if (dollars >= 0.1 || dollars === 0) {
    return `$${dollars.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  }
  const decimals = Math.min(8, 1 - Math.floor(Math.log10(dollars)));
  return `$${dollars.toFixed(decimals)}`;
};

const lineOf = (what: string, price: Price, units: number, arithmetic: string): CostLine => ({
  what,
  arithmetic: `${arithmetic} = ${countText(units)} ${price.unit}`,
  units,
  price,
  dollars: (units / price.per) * price.dollars,
});

const unitsText = (units: number): string => (units === 1 ? '1 unit' : `${units} units`);

/** Messages of one of the queues that rows go through in packs. */
const packsOf = ({ accepted, chunks, rowsPerMessage }: CostFacts, rowBytes: number): number => {
  if (accepted === 0) return 0;
  if (rowsPerMessage > 0) return Math.ceil(accepted / rowsPerMessage);
  return Math.max(chunks, Math.ceil((accepted * rowBytes) / packBytesMax));
};

type LambdaTime = { readonly gigabyteSeconds: number; readonly arithmetic: string };

const lambdaTimeOf = ({ accepted, busySeconds, measured }: CostFacts, wiring: Wiring): LambdaTime => {
  const gigabytesOf = (stage: StageName): number => wiring.stages[stage].memoryMegabytes / 1024;
  const isPaced = (stage: StageName): boolean =>
    measured !== 'on AWS' && (stage === 'store-rows' || stage === 'finish-rows');
  let gigabyteSeconds = 0;
  let paced = 0;
  for (const stage of stageNames) {
    if (isPaced(stage)) paced += (accepted / rowsWrittenPerSecond) * gigabytesOf(stage);
    else gigabyteSeconds += (busySeconds.get(stage) ?? 0) * gigabytesOf(stage);
  }
  const busy = `seconds busy ${measured} x memory, ${gigabyteSeconds.toFixed(1)}`;
  if (measured === 'on AWS') return { gigabyteSeconds, arithmetic: busy };
  const memories = `stored at ${gigabytesOf('store-rows')} GB and finished at ${gigabytesOf('finish-rows')} GB`;
  const paces = `${countText(accepted)} rows / ${rowsWrittenPerSecond} a second, ${memories}, ${paced.toFixed(1)}`;
  const arithmetic = measured === 'nowhere' ? paces : `${busy} + ${paces}`;
  return { gigabyteSeconds: gigabyteSeconds + paced, arithmetic };
};

const writing = `store-rows and finish-rows write ${rowsWrittenPerSecond} rows a second each, as the write budget of the table lets them`;

/** How the time of the functions is known. */
const timeAssumptions: Readonly<Record<CostFacts['measured'], string>> = {
  'on AWS': 'The time of the functions is that of all jobs of the deployment meanwhile, as CloudWatch has it.',
  'on this machine': `Functions work as fast on AWS as on this machine, except that ${writing}. What your processor waits for elsewhere is in it as it was here.`,
  nowhere: `Of the functions' time only that is counted in which ${writing}: nothing is known of the others, your processor among them.`,
};

const assumptionsOf = ({ measured }: CostFacts): readonly string[] => [
  'On-demand prices of us-east-1 as of November 2026, without free tier, savings plans and taxes.',
  'Every row is as large as the average one, and its result is no larger than the row.',
  'No row is written, sent or processed twice; a table that throttles and rows that are tried again cost more.',
  'Each message is one request to send, one to receive and one to delete, and an invocation of its own: batches only make this less.',
  timeAssumptions[measured],
  'Not in it: S3 requests and storage (under a cent for a file), logs, metrics, what the table stores, and what a deployment costs to stand idle (infra/README.md).',
];

/** What carrying a job costs on AWS, with how it was come by. An estimate: what it leaves out is said in it. */
export const estimateCost = (facts: CostFacts, wiring: Wiring): CostEstimate => {
  const { rows, accepted, chunks, bytes, columns } = facts;
  const valuesBytes = rows === 0 ? 0 : Math.round(bytes / rows);
  const storedBytes = itemOverheadBytes + valuesBytes;
  const finishedBytes = storedBytes + valuesBytes;
  const [storeUnits, finishUnits] = [storedBytes, finishedBytes].map(writeUnitsOf) as [number, number];
  const packs = packsOf(facts, valuesBytes + tupleBytes + columns * valueBytes);
  const messages = 3 * packs + chunks + 1;
  const time = lambdaTimeOf(facts, wiring);
  const relays = Math.ceil(accepted / wiring.stages['relay-rows'].batchSize);

  const lines = [
    lineOf(
      'DynamoDB, rows stored and finished',
      prices.writeUnit,
      accepted * (storeUnits + finishUnits),
      `${countText(accepted)} rows x (${unitsText(storeUnits)} for about ${countText(storedBytes)} bytes + ${unitsText(finishUnits)} for about ${countText(finishedBytes)})`,
    ),
    lineOf(
      'DynamoDB, ledger',
      prices.writeUnit,
      chunks * writesPerChunk + writesPerJob,
      `${countText(chunks)} chunks x ${writesPerChunk} + about ${writesPerJob} for the job`,
    ),
    lineOf(
      'DynamoDB, rows counted',
      prices.readUnit,
      Math.ceil((accepted * finishedBytes) / readUnitBytes),
      `${countText(accepted)} rows x ${countText(finishedBytes)} bytes / 4 KiB, once`,
    ),
    lineOf(
      'SQS',
      prices.sqsRequest,
      messages * requestsPerMessage,
      `(3 queues x ${countText(packs)} messages + ${countText(chunks)} for chunks + 1) x ${requestsPerMessage}`,
    ),
    lineOf('Lambda, time', prices.lambdaTime, Math.round(time.gigabyteSeconds * 10) / 10, time.arithmetic),
    lineOf(
      'Lambda, requests',
      prices.lambdaRequest,
      messages + relays,
      `${countText(messages)} messages + ${countText(relays)} batches of the table's stream`,
    ),
  ];
  const dollars = lines.reduce((sum, line) => sum + line.dollars, 0);
  return {
    lines,
    dollars,
    ...(accepted === 0 ? {} : { dollarsPerMillionRows: (dollars / rows) * 1e6 }),
    assumptions: assumptionsOf(facts),
  };
};
