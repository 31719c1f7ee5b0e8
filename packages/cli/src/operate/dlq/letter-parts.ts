import type { DeadMark } from '@sluice/core/ports/job-store';
import type { Upload } from '@sluice/split-file/upload';
import type { JobFacts, Place } from './job-facts.ts';
import { jobIdOfLetter, type Letter, stageOfQueue } from './letter.ts';

/** Why something was given up, in the words of its mark. The message may be a processor's: hostile text. */
export type PartError = Pick<DeadMark, 'code' | 'message'> & {
  readonly stage: string;
  readonly attempts?: number;
};

/** The code of what has no mark: nothing is known of why it is here. */
export const noMarkCode = 'NO_MARK';

/** What a letter holds, one by one: a row of a pack, a chunk, an uploaded object; one part for anything else. */
export type Part = Place & {
  readonly jobId?: string;
  /** Rows that it stands for, and the first and the last of them; none where nobody knows them one by one. */
  readonly rows: number;
  readonly range?: readonly [first: number, last: number];
  readonly upload?: Upload;
  readonly error: PartError;
  /** The mark on the very place: what is taken back when the part is sent again. */
  readonly mark?: DeadMark;
};

const unmarked = (stage: string): PartError => ({
  stage,
  code: noMarkCode,
  message: 'expected a mark that says why, found none: its process died over it, or the mark was taken back',
});

const toError = ({ stage, code, message, attempts }: DeadMark): PartError => ({ stage, code, message, attempts });

const withJob = (jobId: string | undefined) => (jobId === undefined ? {} : { jobId });

/** The parts of a letter, each with its error from the marks of its job. At least one. */
export const readParts = async (letter: Letter, facts: JobFacts): Promise<readonly Part[]> => {
  const { content, queue } = letter;
  const stage = stageOfQueue[queue];
  const jobId = jobIdOfLetter(letter);

  const marked = async (place: Place, ofJob = jobId): Promise<Pick<Part, 'error' | 'mark'>> => {
    const { own, nearest } = ofJob === undefined ? {} : await facts.mark(ofJob, place);
    const error = nearest === undefined ? unmarked(stage) : toError(nearest);
    return own === undefined ? { error } : { error, mark: own };
  };

  switch (content.kind) {
    case 'rows':
    case 'finished': {
      const tuples = content.kind === 'rows' ? content.message.rows : content.message.outcomes;
      const parts: Part[] = [];
      for (const [chunk, row] of tuples) {
        parts.push({ ...withJob(jobId), chunk, row, rows: 1, range: [row, row], ...(await marked({ chunk, row })) });
      }
      return parts;
    }
    case 'chunk': {
      const { chunk, firstRow, rows, ranges = [[firstRow, firstRow + rows - 1]] } = content.message;
      const first = Math.min(...ranges.map(([from]) => from));
      const last = Math.max(...ranges.map(([, to]) => to));
      const count = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
      return [{ ...withJob(jobId), chunk, rows: count, range: [first, last], ...(await marked({ chunk })) }];
    }
    case 'upload': {
      const parts: Part[] = [];
      for (const upload of content.uploads) {
        const ofUpload = await facts.jobIdOfUpload(upload);
        parts.push({ ...withJob(ofUpload), rows: 0, upload, ...(await marked({}, ofUpload)) });
      }
      return parts.length > 0 ? parts : [{ rows: 0, error: unmarked(stage) }];
    }
    case 'audit':
      // The mark on the file is not about an audit.
      return [{ ...withJob(jobId), rows: 0, error: unmarked(stage) }];
    case 'unreadable': {
      const message = 'expected a message of a version that its stage reads, found another';
      return [{ ...withJob(jobId), rows: 0, error: { stage, code: 'MESSAGE_INVALID', message } }];
    }
  }
};
