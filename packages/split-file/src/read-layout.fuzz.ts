import { gzipSync } from 'node:zlib';
import { headBytes } from '@sluice/core/csv/dialect';
import { SluiceError } from '@sluice/core/errors';
import { drawCsv } from '@sluice/core/fuzz/dirty-csv';
import { drawMarker, drawWellFormedText } from '@sluice/core/fuzz/dirty-text';
import { BrokenLaw, type FuzzTarget, hold, holdNoContent, holdOneLine, holdSame } from '@sluice/core/fuzz/target';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import type { Job, Profile } from '@sluice/core/ports/job-store';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { readLayout } from './read-layout.ts';

/** What a layout says of the text, or the code under which the file is refused. */
const layoutOf = async (
  content: Buffer,
  profile: Partial<Profile>,
  marker: string,
): Promise<Record<string, unknown>> => {
  const objects = createMemoryObjects();
  const head = await objects.put('in', 'a.csv', content);
  const job: Job = {
    jobId: '0123456789abcdefghjkmnpqrs',
    file: { bucket: 'in', key: 'a.csv', ...head },
    profile: { prefix: '', ...profile },
    schemaHash: '',
    codeVersion: '1',
    rowsPerMessage: 0,
    createdAt: 0,
    state: 'PLANNING',
    repairs: 0,
    auditAt: 0,
  };
  try {
    const { layout } = await readLayout(job, { objects, clock: createVirtualClock() }, 'staged');
    const { columns, delimiter, outputColumns, dataStart, dataLine } = layout;
    return { columns, delimiter, outputColumns, dataStart, dataLine };
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw new BrokenLaw('readLayout throws SluiceErrors only', String(thrown));
    holdOneLine('a refusal is one line', thrown.message);
    holdNoContent('a refusal says nothing of the content', thrown.message, marker);
    return { code: thrown.code };
  }
};

const isEncoded = (file: Buffer): boolean => ['fffe', 'feff', '1f8b'].includes(file.subarray(0, 2).toString('hex'));

export const target: FuzzTarget = {
  name: 'read-layout',
  weight: 2,
  outcomes: ['read', 'longer than the head', 'FILE_FORMAT', 'FILE_LINE_ENDS'],
  draw(random) {
    const marker = drawMarker(random);
    const { kind, bytes } = drawCsv(random);
    const isLong = random.oneIn(25);
    const magic = random.oneIn(20) ? random.pick(['PK\x03\x04', '%PDF-', '\x7fELF']) : '';
    const input = Buffer.concat([Buffer.from(magic), bytes, Buffer.from(random.oneIn(2) ? marker : '')]);
    const profile: Partial<Profile> = random.oneIn(3) ? { header: false } : {};
    const tails = [random.below(3_000), random.below(3_000)];
    // Of two marks the decoder takes one and the reader of the copy the other.
    const text = drawWellFormedText(random, 20).replace(/^\ufeff+/, '');
    return {
      kind: isLong ? 'longer than the head' : kind,
      input: isLong ? Buffer.alloc(headBytes, input.length === 0 ? 'x' : input) : input,
      options: { profile, marker, tails, text },
      async check(file, note) {
        const found = await layoutOf(file, profile, marker);
        note(typeof found['code'] === 'string' ? found['code'] : 'read');
        const packed = await layoutOf(gzipSync(file), profile, marker);
        // One layer may come off, so what is packed already is another file.
        const isPacked = file[0] === 0x1f && file[1] === 0x8b;
        if (!isPacked) holdSame('a packed file reads as the file itself', packed, found);
        // A file in another encoding is decoded to its end before anything is read.
        if (file.length >= headBytes && !isEncoded(file)) {
          note('longer than the head');
          const head = file.subarray(0, headBytes);
          const layouts: unknown[] = [];
          for (const [index, length] of tails.entries()) {
            const tail = Buffer.alloc(length + 1, index === 0 ? 'a' : '"\n;');
            layouts.push(await layoutOf(Buffer.concat([head, tail]), profile, marker));
          }
          holdSame('what follows the head changes nothing', layouts[1], layouts[0]);
        }
        const utf8 = Buffer.from(`\ufeff${text}`);
        const plain = await layoutOf(utf8, profile, marker);
        const decoded = await layoutOf(Buffer.from(`\ufeff${text}`, 'utf16le'), profile, marker);
        // The copy has no mark, so it may begin as another format does, and its offsets are three bytes less.
        hold('UTF-16 reads as UTF-8 does', 'code' in decoded || !('code' in plain), () => [plain, decoded]);
        if ('code' in decoded || 'code' in plain) return;
        const dataStart = Number(plain['dataStart']) - 3;
        holdSame('UTF-16 reads as UTF-8 does', decoded, { ...plain, dataStart });
      },
    };
  },
};
