import { countOf } from '../../terminal-text.ts';
import { rowsOfLetter } from './drop-rows.ts';
import type { Found } from './visit-letters.ts';

/** What dropping letters means besides their rows being FAILED. */
export type Consequences = { add(found: Found): void; lines(): readonly string[] };

export const createConsequences = (): Consequences => {
  const count = { results: 0, chunks: 0, chunkRows: 0, uploads: 0, unreadable: 0 };
  return {
    add(found) {
      const { content } = found.letter;
      if (content.kind === 'finished') {
        for (const [, , status] of content.message.outcomes) if (status === 'DONE') count.results++;
      }
      if (content.kind === 'chunk') {
        count.chunks++;
        for (const { rows } of found.parts) count.chunkRows += rows;
      }
      if (content.kind === 'upload') count.uploads++;
      if (content.kind === 'unreadable' && rowsOfLetter(found).length === 0) count.unreadable++;
    },
    lines() {
      const lines: string[] = [];
      if (count.results > 0) {
        lines.push(`  ${countOf(count.results, 'row')} of them processed with success: their results are thrown away`);
      }
      if (count.chunks > 0) {
        const rows = countOf(count.chunkRows, 'row');
        lines.push(
          `  ${countOf(count.chunks, 'letter')} of whole chunks: their ${rows} cannot be written off one by one and stay dead (sluice repair sends them again, sluice cancel ends the job)`,
        );
      }
      if (count.uploads > 0) {
        lines.push(
          `  ${countOf(count.uploads, 'letter')} of uploads: such a file is not planned then (sluice cancel ends its job, uploading it again begins anew)`,
        );
      }
      if (count.unreadable > 0) {
        lines.push(
          `  ${countOf(count.unreadable, 'letter')} that nobody can read: rows in them, if any, are open and repaired by an audit`,
        );
      }
      return lines;
    },
  };
};
