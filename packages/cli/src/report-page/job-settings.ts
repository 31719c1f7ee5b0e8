import type { Job } from '@sluice/core/ports/job-store';
import { countText } from '../terminal-text.ts';
import { bytesText } from './page-text.ts';

export type Setting = readonly [name: string, value: string];

const delimiterNames = new Map([
  [',', 'comma'],
  [';', 'semicolon'],
  ['\t', 'tab'],
  ['|', 'pipe'],
]);

/** Characters of a hash that tell it from others. */
const hashShown = 16;

/** How the file of a job was read and carried, as far as the job knows. */
export const settingsOf = ({ profile, layout, plan, ...job }: Job): readonly Setting[] => {
  const delimiter = layout?.delimiter ?? profile.delimiter;
  const found: readonly (readonly [string, string | undefined])[] = [
    ['Schema', profile.schema === undefined ? 'none' : `given, hash ${job.schemaHash.slice(0, hashShown)}`],
    ['Delimiter', delimiter === undefined ? 'not found out yet' : (delimiterNames.get(delimiter) ?? delimiter)],
    ['Encoding', profile.encoding ?? 'found out from the file'],
    ['Header', profile.header === false ? 'none: the first record is a row' : 'the first record'],
    ['Columns', layout === undefined ? undefined : countText(layout.columns.length)],
    ['Chunks', plan === undefined ? undefined : countText(plan.chunks)],
    ['Bytes of a chunk', job.chunkBytes === undefined ? 'by the size of the file' : bytesText(job.chunkBytes)],
    ['Rows of a message', job.rowsPerMessage === 0 ? 'as many as fit' : countText(job.rowsPerMessage)],
    ['Most rejected rows', profile.maxRejectedRatio === undefined ? undefined : `${profile.maxRejectedRatio} of all`],
    ['Rows read at most', profile.limit === undefined ? undefined : countText(profile.limit)],
    ['Version of the pipeline', job.codeVersion],
  ];
  return found.flatMap(([name, value]): Setting[] => (value === undefined ? [] : [[name, value]]));
};
