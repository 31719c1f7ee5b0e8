import type { ChunkMessage } from '@sluice/core/messages';
import {
  type AuditMessage,
  type FinishedMessage,
  findJobId,
  parseAuditMessage,
  parseChunkMessage,
  parseFinishedMessage,
  parseRowsMessage,
  type RowsMessage,
} from '@sluice/core/messages';
import type { DeadLetter } from '@sluice/core/ports/dead-letters';
import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import { parseUploads, type Upload } from '@sluice/split-file/upload';

/** What a dead letter says, by the queue it came from; `unreadable` where its stage could not read it either. */
export type Content =
  | { readonly kind: 'rows'; readonly message: RowsMessage }
  | { readonly kind: 'finished'; readonly message: FinishedMessage }
  | { readonly kind: 'chunk'; readonly message: ChunkMessage }
  | { readonly kind: 'upload'; readonly uploads: readonly Upload[] }
  | { readonly kind: 'audit'; readonly message: AuditMessage }
  | { readonly kind: 'unreadable' };

export type Letter = DeadLetter & {
  /** The queue whose dead-letter queue holds it. */
  readonly queue: QueueName;
  readonly bytes: number;
  readonly content: Content;
};

/** The stage that gave up what lies in the dead-letter queue of a queue. */
export const stageOfQueue = {
  uploads: 'split-file',
  chunks: 'clean-rows',
  rows: 'store-rows',
  work: 'process-rows',
  finished: 'finish-rows',
  audits: 'audit-job',
} as const satisfies Record<QueueName, StageName>;

const parsers: Readonly<Record<QueueName, (body: string) => Content>> = {
  uploads: (body) => ({ kind: 'upload', uploads: parseUploads(body) }),
  chunks: (body) => ({ kind: 'chunk', message: parseChunkMessage(body) }),
  rows: (body) => ({ kind: 'rows', message: parseRowsMessage(body) }),
  work: (body) => ({ kind: 'rows', message: parseRowsMessage(body) }),
  finished: (body) => ({ kind: 'finished', message: parseFinishedMessage(body) }),
  audits: (body) => ({ kind: 'audit', message: parseAuditMessage(body) }),
};

/** Reads a letter as its stage would. Never throws: what cannot be read is `unreadable`. */
export const parseLetter = (queue: QueueName, letter: DeadLetter): Letter => {
  const bytes = Buffer.byteLength(letter.body);
  try {
    return { ...letter, queue, bytes, content: parsers[queue](letter.body) };
  } catch {
    return { ...letter, queue, bytes, content: { kind: 'unreadable' } };
  }
};

/** The one job that a letter speaks of, as far as it says so itself; uploads do not. */
export const jobIdOfLetter = ({ content, body }: Pick<Letter, 'content' | 'body'>): string | undefined => {
  if (content.kind === 'upload') return undefined;
  if (content.kind === 'unreadable') return findJobId(body);
  return 'jobId' in content.message ? content.message.jobId : undefined;
};
