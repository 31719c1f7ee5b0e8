import type { Envelope } from './messages.ts';

/** Bytes of a pack. SQS bills each 64 KiB as one request, and ten such packs fit one SendMessageBatch. */
export const packBytesMax = 60 * 1024;
/** Bytes of a row's serialised values after cleaning; a larger one is rejected as ROW_TOO_LARGE. */
export const rowBytesMax = 192 * 1024;
/** Bytes of a serialised result; a larger one fails the row with RESULT_TOO_LARGE. */
export const resultBytesMax = 64 * 1024;
/** Messages that one invocation of a queue-fed stage takes; wiring.json is held to it. */
export const packsPerInvocationMax = 25;

/** Fills messages with serialised rows: by bytes, and by count where `rowsMax` is given. */
export type Packer = {
  /** Takes one serialised row. A message that it completed is in `bodies` afterwards. */
  add(row: string): void;
  /** Closes the message in the making. */
  flush(): void;
  /** Whole messages, oldest first; the caller takes them out. */
  readonly bodies: string[];
  /** Rows in the message in the making. */
  readonly waiting: number;
};

/** A row too large for a pack makes a message of its own; nothing here refuses a row. */
export const createPacker = (envelope: Envelope, rowsMax: number | undefined = Number.POSITIVE_INFINITY): Packer => {
  const bodies: string[] = [];
  const envelopeBytes = Buffer.byteLength(envelope.head) + Buffer.byteLength(envelope.tail);
  // Joined once: text that grows row by row is copied together again by whoever looks at it first.
  let rows: string[] = [];
  let bytes = envelopeBytes;

  const flush = (): void => {
    if (rows.length === 0) return;
    bodies.push(envelope.head + rows.join(',') + envelope.tail);
    rows = [];
    bytes = envelopeBytes;
  };

  return {
    bodies,
    flush,
    get waiting() {
      return rows.length;
    },
    add(row) {
      const rowBytes = Buffer.byteLength(row) + 1;
      if (bytes + rowBytes > packBytesMax) flush();
      rows.push(row);
      bytes += rowBytes;
      if (rows.length >= rowsMax) flush();
    },
  };
};

/** A finished message and how many of the rows handed in, in their order, it holds. */
export type Packed = { readonly body: string; readonly rows: number };

/** Packs all of `rows` at once; the messages hold them in order, so that it is known which rows a lost message held. */
export const packAll = (envelope: Envelope, rows: readonly string[], rowsMax?: number): Packed[] => {
  const packer = createPacker(envelope, rowsMax);
  const ends: number[] = [];
  rows.forEach((row, index) => {
    packer.add(row);
    while (ends.length < packer.bodies.length) ends.push(packer.waiting > 0 ? index : index + 1);
  });
  packer.flush();
  while (ends.length < packer.bodies.length) ends.push(rows.length);
  return packer.bodies.map((body, index) => ({ body, rows: (ends[index] ?? 0) - (ends[index - 1] ?? 0) }));
};
