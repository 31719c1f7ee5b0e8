import { SluiceError } from './errors.ts';
import type { Clock } from './ports/clock.ts';
import type { ObjectStore } from './ports/object-store.ts';
import { readObject } from './read-object.ts';

/** A rejected row, as a line of a reject object and of rejects.ndjson. */
export type RejectLine = {
  readonly row: number;
  readonly line: number;
  /** Inclusive. */
  readonly byteStart: number;
  /** Exclusive, without the line end. */
  readonly byteEnd: number;
  readonly code: string;
  readonly column?: string;
  readonly message: string;
  /** The row's bytes when they are UTF-8, else `rawBase64`. */
  readonly raw?: string;
  readonly rawBase64?: string;
  readonly rawTruncated?: true;
};

/** The lines of a reject object, in row order, as they stand in it (without the line end). Throws OBJECT_CHANGED when it is gone. */
export async function* readRejectLines(
  ports: { readonly objects: Pick<ObjectStore, 'head' | 'readRange'>; readonly clock: Clock },
  bucket: string,
  key: string,
): AsyncGenerator<string> {
  const head = await ports.objects.head(bucket, key);
  if (head === undefined) throw new SluiceError('OBJECT_CHANGED', 'expected a reject object, found none');
  let rest = Buffer.alloc(0);
  for await (const piece of readObject(ports, { bucket, key, ...head }, 0, head.bytes)) {
    let bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield bytes.toString('utf8', 0, end);
      bytes = bytes.subarray(end + 1);
    }
    rest = Buffer.from(bytes);
  }
}
