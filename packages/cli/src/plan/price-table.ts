// What AWS asks for, by region: on-demand, in US dollars, first tier, without free tier, savings plans and taxes. One table for all
// that speaks of money.

/** The month that the table is of. */
export const pricesAsOf = '2026-11';

/** What AWS asks for `per` of a unit. */
export type Price = {
  readonly dollars: number;
  readonly per: number;
  readonly unit: string;
  /** Whose price list. */
  readonly source: string;
};

const priceNames = [
  'writeUnit',
  'readUnit',
  'sqsRequest',
  'lambdaTime',
  'lambdaRequest',
  's3Put',
  's3Get',
  'logs',
] as const;
export type PriceName = (typeof priceNames)[number];
export type Prices = Readonly<Record<PriceName, Price>>;

/** The dollars of a region, in the order of `priceNames`. */
type Row = readonly [
  writeUnit: number,
  readUnit: number,
  sqsRequest: number,
  lambdaTime: number,
  lambdaRequest: number,
  s3Put: number,
  s3Get: number,
  logs: number,
];

const shapes: readonly Omit<Price, 'dollars'>[] = [
  { per: 1e6, unit: 'write units', source: 'DynamoDB pricing, on-demand' },
  { per: 1e6, unit: 'read units', source: 'DynamoDB pricing, on-demand' },
  { per: 1e6, unit: 'requests', source: 'SQS pricing, standard queues' },
  { per: 1, unit: 'GB-s', source: 'Lambda pricing, arm64' },
  { per: 1e6, unit: 'requests', source: 'Lambda pricing' },
  { per: 1000, unit: 'PUT requests', source: 'S3 pricing, Standard' },
  { per: 1000, unit: 'GET requests', source: 'S3 pricing, Standard' },
  { per: 1, unit: 'GB of logs', source: 'CloudWatch pricing, Logs, Standard class' },
];

const armSecond = 0.0000133334;

/** `isConfirmed`: every price of it was read in a price list of 2026; otherwise the comment says which was derived. */
const regions = {
  // AWS price lists of November 2026.
  'us-east-1': { isConfirmed: true, row: [0.625, 0.125, 0.4, armSecond, 0.2, 0.005, 0.0004, 0.5] },
  // Derived: AWS lists Oregon at the prices of N. Virginia for all of these; logs were read in a bill of 2026.
  'us-west-2': { isConfirmed: false, row: [0.625, 0.125, 0.4, armSecond, 0.2, 0.005, 0.0004, 0.5] },
  // AWS price lists of the region, published 2026-09-11 to 2026-10-01: DynamoDB, Lambda requests, S3, CloudWatch. Derived: SQS and the
  // GB-s of arm64, which were read in those of Frankfurt and Tokyo and are the same in N. Virginia.
  'eu-west-1': { isConfirmed: false, row: [0.705, 0.1415, 0.4, armSecond, 0.2, 0.005, 0.0004, 0.57] },
  // AWS price lists of the region, read 2026-09-11: DynamoDB, Lambda, SQS, CloudWatch. Derived: S3, from a list of before 2026.
  'eu-central-1': { isConfirmed: false, row: [0.7625, 0.1525, 0.4, armSecond, 0.2, 0.0054, 0.00043, 0.63] },
  // Derived: DynamoDB is half of what it was before November 2024 ($1.4231 and $0.2846), as everywhere; the others are of before 2026.
  'ap-southeast-2': { isConfirmed: false, row: [0.71155, 0.1423, 0.4, armSecond, 0.2, 0.0055, 0.00044, 0.67] },
  // AWS price lists of the region, July to September 2026: DynamoDB, Lambda, S3, CloudWatch. Derived: SQS, as in all others.
  'ap-northeast-1': { isConfirmed: false, row: [0.715, 0.1425, 0.4, armSecond, 0.2, 0.0047, 0.00037, 0.76] },
} as const satisfies Readonly<Record<string, { readonly isConfirmed: boolean; readonly row: Row }>>;

export type Region = keyof typeof regions;
export const regionNames = Object.keys(regions) as readonly Region[];

export const isRegion = (name: string): name is Region => Object.hasOwn(regions, name);

export type RegionPrices = {
  readonly region: Region;
  readonly prices: Prices;
  /** False where some of them are derived from others. */
  readonly isConfirmed: boolean;
};

/** The prices of a region. Throws for one that the table does not have, and names those that it has. */
export const pricesOf = (region: string): RegionPrices => {
  if (!isRegion(region))
    throw new Error(`expected a region of the price table (${regionNames.join(', ')}), found another`);
  const { isConfirmed, row } = regions[region];
  const prices = Object.fromEntries(
    priceNames.map((name, index) => [name, { dollars: row[index], ...shapes[index] }]),
  ) as unknown as Prices;
  return { region, prices, isConfirmed };
};
