// What AWS counts, and what a row weighs in its services. One set of rules for every estimate.

/** DynamoDB: bytes that a write unit and a read unit pay for. Source: developer guide, "Capacity unit consumption". */
const writeUnitBytes = 1024;
export const readUnitBytes = 4096;

/** What an item weighs besides the row's values: keys, names, numbers. */
export const itemOverheadBytes = 100;
/** What a row weighs in a message besides its values: numbers and brackets, and for each value quotes and a comma. */
export const tupleBytes = 20;
export const valueBytes = 3;

/** Writes of the ledger: a chunk's plan, counts and end; and a job with its leases and audits. */
export const writesPerChunk = 3;
export const writesPerJob = 20;

/** SQS: bytes of payload that are one request, whatever call carries them. Source: SQS pricing. */
export const requestBytes = 64 * 1024;

/** Write units of an item of so many bytes. */
export const writeUnitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / writeUnitBytes));
