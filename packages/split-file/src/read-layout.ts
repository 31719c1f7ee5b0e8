import { cleanField } from '@sluice/core/clean/field';
import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { headBytes, readDialect } from '@sluice/core/csv/dialect';
import { detectEncoding } from '@sluice/core/csv/encoding';
import { SluiceError } from '@sluice/core/errors';
import type { Job, JobChange, JobLayout } from '@sluice/core/ports/job-store';
import { schemaOf } from '@sluice/core/profile';
import { readObject } from '@sluice/core/read-object';
import type { StagedFile, Staging, StagingPorts } from './stage-file.ts';
import { stageFile } from './stage-file.ts';

/** A packed file may hold another encoding or be packed once more, and that is all: more layers are no CSV. */
export const stagingsMax = 2;

const readHead = async (ports: StagingPorts, file: StagedFile): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of readObject(ports, file, 0, Math.min(file.bytes, headBytes))) pieces.push(piece);
  return Buffer.concat(pieces);
};

/** The encoding's name in the Encoding Standard. */
const labelOf = (declared: string): string => {
  try {
    return new TextDecoder(declared).encoding;
  } catch {
    throw new SluiceError('FILE_ENCODING', 'expected the profile to declare a known encoding, found another');
  }
};

/** What the file must go through first; undefined when it can be read as it is. */
export const stagingOf = (head: Buffer, declared: string | undefined): Staging | undefined => {
  const { encoding, bomBytes } = detectEncoding(head);
  if (encoding === 'gzip') return { gzip: true };
  if (encoding !== 'utf-8') return { gzip: false, encoding };
  if (declared === undefined || bomBytes > 0) return undefined;
  const label = labelOf(declared);
  return label === 'utf-8' ? undefined : { gzip: false, encoding: label };
};

/**
 * Finds out how a job's file is to be read: stages a UTF-8 copy where that is needed, then reads delimiter, columns and the
 * start of the data off the head. Throws SluiceError for a file that cannot be read as CSV or does not fit the schema.
 */
export const readLayout = async (
  job: Pick<Job, 'jobId' | 'file' | 'profile'>,
  ports: StagingPorts,
  bucket: string,
): Promise<JobChange & { readonly layout: JobLayout }> => {
  const { profile } = job;
  let source: StagedFile = job.file;
  let head = await readHead(ports, source);
  let declared = profile.encoding;
  for (let stagings = 0; ; stagings++) {
    const staging = stagingOf(head, declared);
    if (staging === undefined) break;
    if (stagings === stagingsMax) {
      throw new SluiceError(
        'FILE_FORMAT',
        'expected a CSV file packed or encoded at most twice over, found more layers; unpack it first',
      );
    }
    source = await stageFile(ports, source, staging, job.jobId, bucket);
    // Once decoded the copy is UTF-8, whatever was declared.
    if (staging.encoding !== undefined) declared = undefined;
    head = await readHead(ports, source);
  }
  const dialect = readDialect({
    head,
    isWhole: head.length === source.bytes,
    hasHeader: profile.header ?? true,
    cleanField,
    ...(profile.delimiter === undefined ? {} : { delimiter: profile.delimiter }),
  });
  const { bytes, ...version } = source;
  return {
    layout: {
      source: version,
      bytes,
      delimiter: dialect.delimiter,
      columns: dialect.columns,
      // A file without any record has no header to hold against the schema.
      outputColumns:
        dialect.columns.length === 0 ? [] : compileSchema(schemaOf(profile), dialect.columns).outputColumns,
      dataStart: dialect.dataStart,
      dataLine: dialect.firstLine,
    },
  };
};
