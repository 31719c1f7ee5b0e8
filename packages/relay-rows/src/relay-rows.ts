import { parsePartitionKey } from '@sluice/core/identity';
import type { Envelope } from '@sluice/core/messages';
import { rowsEnvelope, toSqsText } from '@sluice/core/messages';
import { packAll } from '@sluice/core/pack';
import type { DeadMark, JobStore } from '@sluice/core/ports/job-store';
import type { Queue } from '@sluice/core/ports/queue';
import { sendAll } from '@sluice/core/send';
import type { Seams } from '@sluice/core/stage';
import type { StreamHandler } from '@sluice/core/stream-stage';
import { createStreamStage } from '@sluice/core/stream-stage';
import type { DynamoDBRecord } from 'aws-lambda';

export type RelayRowsPorts = Seams & {
  readonly queues: { readonly work: Queue };
  readonly jobs: Pick<JobStore, 'getJob' | 'putMarks'>;
};

/** A new row: serialised, how many values it holds, and the position of its record in the event. */
type NewRow = { readonly jobId: string; readonly text: string; readonly values: number; readonly position: number };

/** How the rows of a job are packed. */
type Packing = { readonly envelope: Envelope; readonly columns: number; readonly rowsMax: number | undefined };

/** The mark of a record that holds no row, as far as its keys tell whose it is. */
const poisonMark = (record: DynamoDBRecord | undefined): DeadMark | undefined => {
  const key = parsePartitionKey(record?.dynamodb?.Keys?.['pk']?.S ?? '');
  const row = Number(record?.dynamodb?.Keys?.['row']?.N);
  if (key === undefined || !Number.isSafeInteger(row)) return undefined;
  return {
    ...key,
    row,
    stage: 'relay-rows',
    code: 'MESSAGE_INVALID',
    message: 'expected a stream record with the image of a row of a known job, found another',
    attempts: 1,
    permanent: true,
  };
};

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** How many values the JSON of a row holds; undefined for anything else, which in a pack would make its neighbours unreadable too. */
const countValues = (data: string): number | undefined => {
  try {
    const values: unknown = JSON.parse(data);
    if (!Array.isArray(values)) return undefined;
    for (const value of values) if (typeof value === 'object' && value !== null) return undefined;
    return values.length;
  } catch {
    return undefined;
  }
};

/** The row as it stands in a message, its values as the table holds them. */
const readRow = (record: DynamoDBRecord, position: number): NewRow | undefined => {
  const image = record.dynamodb?.NewImage;
  const key = parsePartitionKey(image?.['pk']?.S ?? '');
  const row = Number(image?.['row']?.N);
  const line = Number(image?.['line']?.N);
  const data = image?.['data']?.S ?? '';
  const values = countValues(data);
  if (key === undefined || !isCount(row) || !isCount(line) || values === undefined) return undefined;
  return { jobId: key.jobId, text: `[${key.chunk},${row},${line},${toSqsText(data)}]`, values, position };
};

/** True for what the mapping's filter lets through; an update that slipped past it would go round for ever. */
const isNewRow = (record: DynamoDBRecord): boolean =>
  record.eventName === 'INSERT' && record.dynamodb?.NewImage?.['status']?.S === 'PENDING';

/**
 * Sends new PENDING rows from the rows table's stream to `work`. Rows that the queue did not confirm come again from the
 * stream. A record nobody can read gets a permanent mark and never blocks its shard.
 */
export const createRelayRows = (ports: RelayRowsPorts): StreamHandler => {
  // What is read here never changes, so one read per job lasts for the life of the process.
  const packings = new Map<string, Packing>();

  const readPacking = async (jobId: string): Promise<Packing | undefined> => {
    const known = packings.get(jobId);
    if (known !== undefined) return known;
    const job = await ports.jobs.getJob(jobId);
    if (job?.layout === undefined) return undefined;
    const packing = {
      envelope: rowsEnvelope(jobId, job.layout.outputColumns),
      columns: job.layout.outputColumns.length,
      rowsMax: job.rowsPerMessage || undefined,
    };
    packings.set(jobId, packing);
    return packing;
  };

  const work = async (records: readonly DynamoDBRecord[]) => {
    const jobs = new Map<string, NewRow[]>();
    const poison: number[] = [];
    const failed: number[] = [];
    let rowsIn = 0;
    let rowsOut = 0;
    records.forEach((record, position) => {
      if (!isNewRow(record)) return;
      rowsIn++;
      const found = readRow(record, position);
      if (found === undefined) {
        poison.push(position);
        return;
      }
      let rows = jobs.get(found.jobId);
      if (rows === undefined) {
        rows = [];
        jobs.set(found.jobId, rows);
      }
      rows.push(found);
    });

    for (const [jobId, found] of jobs) {
      let packing: Packing | undefined;
      try {
        packing = await readPacking(jobId);
      } catch {
        failed.push(...found.slice(0, 1).map(({ position }) => position));
        continue;
      }
      const columns = packing?.columns;
      const rows = found.filter(({ values }) => values === columns);
      for (const { values, position } of found) if (values !== columns) poison.push(position);
      if (packing === undefined) continue;
      const packs = packAll(
        packing.envelope,
        rows.map(({ text }) => text),
        packing.rowsMax,
      );
      const unsent = new Set((await sendAll(ports.queues.work, packs, ports)).map(({ index }) => index));
      let first = 0;
      packs.forEach((pack, index) => {
        if (unsent.has(index)) failed.push(rows[first]?.position ?? 0);
        else rowsOut += pack.rows;
        first += pack.rows;
      });
    }

    let dead = 0;
    const marks = poison.map((position) => poisonMark(records[position])).filter((mark) => mark !== undefined);
    if (marks.length > 0) {
      try {
        await ports.jobs.putMarks(marks);
        dead = marks.length;
      } catch {
        failed.push(...poison);
      }
    }
    if (poison.length > 0) ports.logger.error('stream records hold no row', { records: poison.length });
    return { rowsIn, rowsOut, dead, failed };
  };

  return createStreamStage('relay-rows', work, ports);
};
