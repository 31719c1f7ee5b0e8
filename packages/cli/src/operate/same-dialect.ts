import { cleanField } from '@sluice/core/clean/field';
import { readDialect } from '@sluice/core/csv/dialect';
import { SluiceError } from '@sluice/core/errors';
import type { JobLayout, Profile } from '@sluice/core/ports/job-store';

const quoted = (delimiter: string): string => JSON.stringify(delimiter);

/**
 * Why a file that begins with `head`, and is read under the profile, would not be read as the job's own file was; undefined where it
 * would be. The delimiter that is found out depends on the rows, and a part of them may look otherwise than all.
 */
export const findDialectGap = (
  head: Buffer,
  isWhole: boolean,
  layout: Pick<JobLayout, 'delimiter' | 'columns'>,
  { prefix, delimiter, header = true }: Pick<Profile, 'prefix' | 'delimiter' | 'header'>,
): string | undefined => {
  const given = delimiter === undefined ? {} : { delimiter };
  try {
    const found = readDialect({ head, isWhole, hasHeader: header, cleanField, ...given });
    if (found.delimiter !== layout.delimiter) {
      const where = `in the profile of the prefix ${JSON.stringify(prefix)}`;
      const expected = `expected the delimiter ${quoted(layout.delimiter)}`;
      return delimiter === undefined
        ? `${expected} to be found again, found ${quoted(found.delimiter)}; set "delimiter" ${where}`
        : `${expected}, found ${quoted(found.delimiter)} set ${where}`;
    }
    const isSame = JSON.stringify(found.columns) === JSON.stringify(layout.columns);
    return isSame ? undefined : 'expected the columns of the file to be found again, found others';
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown.message;
    throw thrown;
  }
};
