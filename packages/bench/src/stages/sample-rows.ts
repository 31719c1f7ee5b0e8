import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowTuple } from '@sluice/core/messages';
import { parseRowsMessage } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import { writeDemoFile } from 'sluice/demo-file';
import type { BenchContext } from '../experiment.ts';
import { cleanInMemory } from './memory-stages.ts';
import { oncePerFolder } from './once-per-folder.ts';
import { transactionsSchema } from './transactions.ts';

/** Transactions that are stored, relayed, processed and finished. */
const sampledRows = 200_000;

/** `path`: NDJSON, one `[chunk, row, line, [values]]` a line, values in the order of `columns`. */
export type SampleRows = {
  readonly path: string;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly job: Job;
  /** The same rows as clean-rows sends them. */
  readonly packs: readonly string[];
};

export const rowsOf = (packs: readonly string[]): RowTuple[] => packs.flatMap((pack) => parseRowsMessage(pack).rows);

/** The demo's transactions, cleaned under their schema: what every contender that stores, relays, processes or finishes works on. */
export const sampleRows = oncePerFolder(
  async ({ folder, divisor }: Pick<BenchContext, 'folder' | 'divisor'>): Promise<SampleRows> => {
    const file = join(folder, 'sample.csv');
    writeDemoFile(file, Math.ceil(sampledRows / divisor));
    const { job, packs } = await cleanInMemory(file, transactionsSchema);
    const rows = rowsOf(packs);
    const path = join(folder, 'rows.ndjson');
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return { path, columns: job.layout?.outputColumns ?? [], rows: rows.length, job, packs };
  },
);
