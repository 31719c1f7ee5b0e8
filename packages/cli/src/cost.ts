import { packBytesMax } from '@sluice/core/pack';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { countText } from './terminal-text.ts';

/** What AWS asks for `per` of a unit. */
export type Price = {
  readonly dollars: number;
  readonly per: number;
  readonly unit: string;
  /** Whose price list, of which month. */
  readonly source: string;
};

/** On-demand prices of us-east-1, November 2026. Others are up to about twice as dear. */
export const prices = {
  writeUnit: { dollars: 0.625, per: 1e6, unit: 'write units', source: 'DynamoDB pricing, on-demand' },
  readUnit: { dollars: 0.125, per: 1e6, unit: 'read units', source: 'DynamoDB pricing, on-demand' },
  sqsRequest: { dollars: 0.4, per: 1e6, unit: 'requests', source: 'SQS pricing, standard queues' },
  lambdaTime: { dollars: 0.0000133334, per: 1, unit: 'GB-s', source: 'Lambda pricing, arm64' },
  lambdaRequest: { dollars: 0.2, per: 1e6, unit: 'requests', source: 'Lambda pricing' },
} as const satisfies Readonly<Record<string, Price>>;

/** DynamoDB: bytes that a write unit and a read unit pay for. Source: developer guide, "Capacity unit consumption". */
const writeUnitBytes = 1024;
const readUnitBytes = 4096;
/** What an item weighs besides the row's values: keys, names, numbers. */
const itemOverheadBytes = 100;
/** What a row weighs in a message besides its values: numbers and brackets, and for each value quotes and a comma. */
const tupleBytes = 20;
const valueBytes = 3;
/** Writes of the ledger: a chunk's plan, counts and end; and a job with its leases and audits. */
const writesPerChunk = 3;
const writesPerJob = 20;
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
  if (dollars >= 0.1 || dollars === 0) return `$${dollars.toFixed(2)}`;
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
  const paces = `${countText(accepted)} rows / ${rowsWrittenPerSecond} a second, written twice at 1 GB, ${paced.toFixed(1)}`;
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
  const [storeUnits, finishUnits] = [storedBytes, finishedBytes].map((size) => Math.ceil(size / writeUnitBytes)) as [
    number,
    number,
  ];
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
