import { SluiceError } from '@sluice/core/errors';
import type { ChunkRecord } from '@sluice/core/ports/job-store';
import { readRejectLines } from '@sluice/core/rejected-rows';
import type { StagePorts } from '@sluice/core/stage';
import { StateDamaged } from '@sluice/local-cloud/database';
import { workBucket } from './buckets.ts';

/** A rejected row, and its line as rejects.ndjson has it. */
export type ChunkReject = { readonly row: number; readonly code: string; readonly line: string };

const isBroken = (thrown: unknown): boolean =>
  thrown instanceof SyntaxError || (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED');

/** The rejects of a chunk, in row order. Throws StateDamaged when they are gone, or are not as many as the ledger counted. */
export async function* readChunkRejects(
  { cleaned }: ChunkRecord,
  ports: Pick<StagePorts, 'objects' | 'clock'>,
): AsyncGenerator<ChunkReject> {
  let found = 0;
  try {
    if (cleaned?.rejects !== undefined) {
      for await (const line of readRejectLines(ports, workBucket, cleaned.rejects)) {
        const { row, code } = JSON.parse(line) as { readonly row: number; readonly code: string };
        found++;
        yield { row, code, line };
      }
    }
  } catch (thrown) {
    throw isBroken(thrown) ? new StateDamaged('a reject object that is gone or broken') : thrown;
  }
  const counted = cleaned?.rejected ?? 0;
  if (found !== counted) throw new StateDamaged(`${found} rejected rows of a chunk where ${counted} were counted`);
}
