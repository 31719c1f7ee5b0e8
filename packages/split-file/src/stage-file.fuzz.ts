import { gzipSync } from 'node:zlib';
import { SluiceError } from '@sluice/core/errors';
import { drawText } from '@sluice/core/fuzz/dirty-text';
import { mutate } from '@sluice/core/fuzz/mutate';
import type { Random } from '@sluice/core/fuzz/random';
import { BrokenLaw, type FuzzCase, type FuzzTarget, hold, holdOneLine, holdSame } from '@sluice/core/fuzz/target';
import { stagedKeyOf } from '@sluice/core/identity';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { type Staging, stageFile } from './stage-file.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

/** The staged copy, or the error that there is none. */
const stage = async (file: Buffer, staging: Staging, pieceBytes: number): Promise<Buffer | SluiceError> => {
  const objects = createMemoryObjects({ pieceBytes });
  const clock = createVirtualClock();
  const head = await objects.put('in', 'a.csv', file);
  const work = stageFile({ objects, clock }, { bucket: 'in', key: 'a.csv', ...head }, staging, jobId, 'staged');
  try {
    const staged = await work;
    const copy = objects.bytesOf('staged', stagedKeyOf(jobId)) ?? Buffer.alloc(0);
    hold('the copy is as long as told', staged.bytes === copy.length, () => [staged.bytes, copy.length]);
    return copy;
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw new BrokenLaw('staging throws SluiceErrors only', String(thrown));
    holdOneLine('a refusal is one line', thrown.message);
    hold('nothing is left of a refused file', objects.bytesOf('staged', stagedKeyOf(jobId)) === undefined);
    return thrown;
  }
};

const decodedWhole = (bytes: Buffer, encoding: string): string | undefined => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

// 0x80 to 0x9F; the rest is Latin-1. Source: Encoding Standard, index windows-1252.
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
const decode1252 = (bytes: Buffer): string =>
  Array.from(bytes, (byte) =>
    byte >= 0x80 && byte < 0xa0 ? windows1252[byte - 0x80] : String.fromCharCode(byte),
  ).join('');

const encodings = [
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'utf-8',
  'iso-8859-15',
  'shift_jis',
  'gb18030',
  'euc-kr',
] as const;

const drawEncoded = (random: Random, encoding: (typeof encodings)[number]): Buffer => {
  const text = random.pick(['', '\ufeff', '\ufeff\ufeff']) + drawText(random, random.pick([6, 60]));
  if (encoding === 'utf-8') return Buffer.from(text);
  const units = Buffer.from(text, 'utf16le');
  if (encoding === 'utf-16le') return units;
  return encoding === 'utf-16be' ? units.swap16() : Buffer.from(random.list(0, 60, () => random.below(256)));
};

const drawDecoding = (random: Random, pieceBytes: number): FuzzCase => {
  const encoding = random.pick(encodings);
  const encoded = drawEncoded(random, encoding);
  const isMutated = random.oneIn(3);
  return {
    kind: encoding,
    input: isMutated ? mutate(encoded, random, () => Buffer.of(random.below(256)), 3) : encoded,
    options: { encoding, pieceBytes },
    async check(file, note) {
      const copy = await stage(file, { gzip: false, encoding }, pieceBytes);
      const expected = decodedWhole(file, encoding);
      if (copy instanceof SluiceError) {
        hold('what can be decoded is', expected === undefined && copy.code === 'FILE_ENCODING', () => copy.message);
        return note(copy.code);
      }
      holdSame('decodes in pieces as at once', copy.toString('utf8'), expected);
      if (encoding === 'windows-1252') holdSame('decodes by the standard', copy.toString('utf8'), decode1252(file));
      note('decoded');
    },
  };
};

const drawGzip = (random: Random, pieceBytes: number): FuzzCase => {
  const texts = random.list(1, 3, () => Buffer.from(drawText(random, random.pick([4, 40]))));
  const members = texts.map((text) => gzipSync(text, { level: random.between(0, 9) }));
  const padding = Buffer.alloc(random.oneIn(6) ? random.below(600) : 0);
  const packed = Buffer.concat([...members, padding]);
  const isMutated = !random.oneIn(3);
  const drawToken = (): Buffer =>
    random.pick([Buffer.of(random.below(256)), Buffer.alloc(3), Buffer.from('1f8b08', 'hex')]);
  const ends = members.map((_, index) => members.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0));
  const whole = Buffer.concat(texts);
  return {
    kind: isMutated ? 'gzip, mutated' : 'gzip',
    input: isMutated ? mutate(packed, random, drawToken, 3) : packed,
    options: { pieceBytes, packed: packed.toString('hex') },
    async check(file, note) {
      const copy = await stage(file, { gzip: true }, pieceBytes);
      if (copy instanceof SluiceError) {
        hold('a whole file is unpacked', !file.equals(packed), () => copy.message);
        hold('a damaged file is told as one', copy.code === 'FILE_TRUNCATED', () => copy.code);
        return note(copy.code);
      }
      note(file.equals(packed) ? 'unpacked' : 'unpacked though changed');
      if (copy.equals(whole)) return;
      // A file that ends between two members is a whole file; so is one with members in another order.
      const isCutBetween = ends.some(
        (end) => file.subarray(0, end).equals(packed.subarray(0, end)) && isZeros(file.subarray(end)),
      );
      const isReordered = holdsMembersOnly(file, members);
      hold('nothing but the text comes out', isCutBetween || isReordered, () => [
        copy.toString('hex'),
        whole.toString('hex'),
      ]);
    },
  };
};

const isZeros = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

/** Whole members and zeros after them; the headers' name, time and flags do not count. */
const holdsMembersOnly = (file: Buffer, members: readonly Buffer[]): boolean => {
  if (isZeros(file)) return true;
  const first = members.find((member) => file.subarray(10, member.length).equals(member.subarray(10)));
  return first !== undefined && holdsMembersOnly(file.subarray(first.length), members);
};

export const target: FuzzTarget = {
  name: 'stage-file',
  weight: 6,
  outcomes: ['decoded', 'unpacked', 'FILE_ENCODING', 'FILE_TRUNCATED', 'unpacked though changed'],
  draw(random) {
    const pieceBytes = random.pick([1, 2, 3, random.between(1, 40), 65_536]);
    return random.oneIn(2) ? drawDecoding(random, pieceBytes) : drawGzip(random, pieceBytes);
  },
};
