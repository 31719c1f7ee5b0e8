import { SluiceError } from './errors.ts';
import type { BatchAnswer, Queue, QueueEntry, VisibilityEntry } from './ports/queue.ts';
import { batchBytesMax, batchEntriesMax, messageBytesMax } from './ports/queue.ts';

/** What one call answers; by default everything is taken. May throw. */
export type Script<Entry> = (entries: readonly Entry[], call: number) => BatchAnswer;

/** A queue that answers as it is told, notes what it was given, and refuses what SQS refuses. For tests. */
export type ScriptedQueue = Queue & {
  readonly sends: (readonly QueueEntry[])[];
  readonly visibilities: (readonly VisibilityEntry[])[];
  /** The entries that were confirmed. */
  readonly taken: readonly QueueEntry[];
  readonly bodies: readonly string[];
};

/** The characters a message may hold. Source: SQS, SendMessage API reference. */
export const sqsText = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

export const takeAll = (entries: readonly { readonly id: string }[]): BatchAnswer => ({
  sent: entries.map(({ id }) => id),
  failed: [],
});

export const refuse = (
  ids: readonly string[],
  entries: readonly { readonly id: string }[],
  senderFault = false,
): BatchAnswer => ({
  sent: entries.map(({ id }) => id).filter((id) => !ids.includes(id)),
  failed: entries.filter(({ id }) => ids.includes(id)).map(({ id }) => ({ id, code: 'InternalError', senderFault })),
});

const check = (entries: readonly { readonly id: string; readonly body?: string }[]): void => {
  const ids = new Set(entries.map(({ id }) => id));
  const bodies = entries.map(({ body = '' }) => body);
  const bytes = bodies.map((body) => Buffer.byteLength(body));
  const isFit =
    entries.length >= 1 &&
    entries.length <= batchEntriesMax &&
    ids.size === entries.length &&
    bytes.every((count) => count <= messageBytesMax) &&
    bytes.reduce((a, b) => a + b, 0) <= batchBytesMax &&
    bodies.every((body) => sqsText.test(body));
  if (!isFit) throw new SluiceError('SERVICE_REFUSED', 'expected a batch within the limits of SQS, found another');
};

export const createScriptedQueue = (
  sendScript: Script<QueueEntry> = takeAll,
  visibilityScript: Script<VisibilityEntry> = takeAll,
): ScriptedQueue => {
  const sends: (readonly QueueEntry[])[] = [];
  const visibilities: (readonly VisibilityEntry[])[] = [];
  const taken: QueueEntry[] = [];
  return {
    sends,
    visibilities,
    taken,
    get bodies() {
      return taken.map(({ body }) => body);
    },
    async sendBatch(entries) {
      sends.push(entries);
      check(entries);
      const answer = sendScript(entries, sends.length);
      taken.push(...entries.filter(({ id }) => answer.sent.includes(id)));
      return answer;
    },
    async changeVisibilityBatch(entries) {
      visibilities.push(entries);
      check(entries);
      return visibilityScript(entries, visibilities.length);
    },
    async depth() {
      return { visible: 0, inFlight: 0, delayed: 0, oldestAgeSeconds: 0 };
    },
  };
};
