import {
  brokenByte,
  type CellType,
  type DirtyCells,
  drawDirtyCells,
  drawMistake,
  drawPlainCell,
  drawToken,
  type Serial,
} from './draw-cells.ts';
import type { DrawnColumn, DrawnProfile } from './draw-profiles.ts';
import { createDraws, type Draws } from './random.ts';

// The files of a workload: records as users write them, with dirt where it hurts: where chunks end.

export type FileSettings = {
  /** Its two streams of chance, for what is plain and for dirt, are made from it. */
  readonly seed: number;
  readonly isDirty: boolean;
  readonly chunkBytes: number;
  readonly records: number;
  /** Records that are kept of them. */
  readonly kept: number;
};

/** What a record is made to be like where a chunk would end within it. */
type Straddle = (token: string, bytesToCut: number, draws: Draws) => string;

const straddles: readonly Straddle[] = [
  // A line end within quotes, just before the cut, on it, or after it.
  (token, bytes, draws) => `"${token.padEnd(bytes + draws.whole(-3, 1), '.')}\n${token}"`,
  (token, bytes, draws) => `"${token.padEnd(bytes + draws.whole(-3, 1), '.')}\r\n${token}"`,
  // A doubled quote, and the closing one.
  (token, bytes, draws) => `"${token.padEnd(bytes + draws.whole(-3, 1), '.')}""\n"`,
  (token, bytes, draws) => `"${token.padEnd(bytes + draws.whole(-3, 1), '\n')}"`,
  // Four bytes of one character.
  (token, bytes, draws) => `${token.padEnd(bytes + draws.whole(-4, 0), '.')}\u{1f600}`,
  // The record's own end.
  (token, bytes, draws) => token.padEnd(bytes + draws.whole(-3, 1), '.'),
];

const straddlePaddingMax = 300;

/** What stands where a cell should, and is larger than a record or an item may be. */
const giants: readonly ((token: string, draws: Draws) => string)[] = [
  (token, draws) => token.padEnd(256 * 1024 + draws.whole(-40, 40), 'y'),
  (token, draws) => `"${token.padEnd(256 * 1024 + draws.whole(-40, 40), 'y')}"`,
  (token, draws) => `"${token}\n${token.padEnd(256 * 1024 + draws.whole(-60, 60), 'y')}`,
  (token, draws) => token.padEnd(192 * 1024 - draws.whole(0, 60), 'y'),
];

const toBytes = (text: string): Buffer =>
  text.includes(brokenByte)
    ? Buffer.concat(
        text.split(brokenByte).flatMap((part, index) => [...(index === 0 ? [] : [Buffer.of(0xff)]), Buffer.from(part)]),
      )
    : Buffer.from(text);

const encode = (text: string, encoding: string | undefined, share: number): Buffer => {
  // A mark says more than what is declared.
  if (share < 0.04) return Buffer.from(`\ufeff${text}`, 'utf16le');
  if (share < 0.06) return Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
  if (share < 0.2) return toBytes(`\ufeff${text}`);
  if (encoding === 'windows-1252') return Buffer.from(text.replace(/[\u0100-\u{10ffff}]/gu, '?'), 'latin1');
  return encoding === 'utf-16le' ? Buffer.from(text, 'utf16le') : toBytes(text);
};

type Ends = () => string;

const drawEnds = (draws: Draws): Ends => {
  const kind = draws.pick(['\n', '\n', '\r\n', 'mixed']);
  return kind === 'mixed' ? () => draws.pick(['\n', '\r\n']) : () => kind;
};

const dirtyNames = [
  '',
  '',
  'id',
  ' id ',
  '"quo""ted"',
  '"two\nlines"',
  '\ufeffid',
  '<b>',
  'constructor',
  '\u{1f600}',
  'column_1',
  'a_2',
  'a',
  'a',
];

/** A header that a schema may not find its columns in. */
const dirtyHeader = (columns: readonly DrawnColumn[], draws: Draws): string[] => {
  const names = columns.map(({ name }) => name);
  const what = draws.pick(['added', 'added', 'quoted', 'spaced', 'missing', 'turned']);
  switch (what) {
    case 'added':
      return [...names, ...Array.from({ length: draws.whole(1, 4) }, () => draws.pick(dirtyNames))];
    case 'quoted':
      return names.map((name) => `"${name}"`);
    case 'spaced':
      return names.map((name) => ` ${name}\u00a0`);
    case 'missing':
      return names.slice(draws.whole(0, 1), 4);
    default:
      return names.toReversed();
  }
};

/** Files that are no CSV that could be read; each is refused. */
const refusals: readonly ((draws: Draws, token: string) => Buffer)[] = [
  (_, token) => Buffer.from(`PK\x03\x04${token}`),
  (_, token) => Buffer.from(`%PDF-1.7\n${token}`),
  (_, token) => Buffer.from(`PAR1\x15\x04${token}PAR1`, 'latin1'),
  (_, token) => Buffer.from(`id,\0note\n1,${token}\n`),
  (_, token) => Buffer.from(`id,${token}\rid,${token}\r1,2\r`),
  (_, token) => Buffer.from(`"id,note\n1,${token}\n`),
  (_, token) => Buffer.concat([Buffer.from('id,'), Buffer.of(0xc3, 0x28), Buffer.from(`\n1,${token}\n`)]),
  (_, token) => Buffer.from(`${','.repeat(1_000)}\n${token}\n`),
  (draws, token) => Buffer.from(`${token.repeat(1_640 + draws.whole(0, 9))}\n1\n`),
  // Half a unit, and half a pair.
  (_, token) => Buffer.concat([Buffer.from(`\ufeffid\n${token}\n`, 'utf16le'), Buffer.of(0x41)]),
  (_, token) => Buffer.from(`\ufeffid\n${token}\ud800\n`, 'utf16le'),
];

/** In UTF-8: where chunks end is counted there, whatever the file is encoded in. */
const lengthOf = (text: string): number => Buffer.byteLength(text);

/** A file under this profile, with as many records as are kept of those that were asked for. */
export const drawFile = (drawn: DrawnProfile, settings: FileSettings): Buffer => {
  const { chunkBytes } = settings;
  const serial = { next: settings.seed };
  const plain = createDraws(settings.seed, 'plain');
  const dirt = createDraws(settings.seed, 'dirt');
  const { profile, columns, delimiter } = drawn;
  const isRefused = dirt.next() < 0.06;
  if (settings.isDirty && isRefused) return dirt.pick(refusals)(dirt, drawToken(serial));

  const dirtyCells = drawDirtyCells(dirt, delimiter);
  const isHeaderDirty = dirt.next() < 0.2;
  const isGiant = dirt.next() < 0.006;
  const mistakeShare = plain.pick([0, 0.01, 0.05, 0.2]);
  const endOf = drawEnds(plain);
  const isUnended = plain.next() < 0.3;
  const isEmpty = plain.next() < 0.03;
  const markShare = plain.next();
  const [headerTypes, header] = settings.isDirty && isHeaderDirty ? dirtyColumns(columns, dirt) : cleanColumns(columns);

  let text = '';
  let bytes = 0;
  const add = (record: string, end: string): void => {
    text += record + end;
    bytes += lengthOf(record) + end.length;
  };
  const blank = (share: number): void => {
    if (settings.isDirty && dirt.next() < share) add('', dirt.pick(['\n', '\r\n']));
  };

  if (isEmpty) return encode(plain.pick(['', '\n', '\r\n\n']), profile.encoding, markShare);
  blank(0.1);
  if (profile.header !== false) add(header.join(delimiter), endOf());
  let cut = bytes + chunkBytes;
  const giantAt = dirt.whole(0, Math.max(0, settings.records - 1));
  for (let index = 0; index < Math.min(settings.records, settings.kept); index++) {
    const cells = headerTypes.map((type) =>
      plain.next() < mistakeShare ? drawMistake(plain, type, serial) : drawPlainCell(plain, type, serial),
    );
    if (settings.isDirty) {
      soil(cells, dirtyCells, dirt, serial);
      if (isGiant && index === giantAt)
        cells[dirt.whole(0, cells.length - 1)] = dirt.pick(giants)(drawToken(serial), dirt);
      const record = cells.join(delimiter);
      const left = cut - bytes;
      if (bytes + lengthOf(record) >= cut && left < straddlePaddingMax && dirt.next() < 0.6) {
        const at = dirt.whole(0, cells.length - 1);
        const before = lengthOf(cells.slice(0, at).join(delimiter)) + (at === 0 ? 0 : 1);
        cells[at] = dirt.pick(straddles)(drawToken(serial), Math.max(0, left - before), dirt);
      }
    }
    const isLast = index === settings.records - 1;
    if (isLast && settings.isDirty && dirt.next() < 0.15)
      cells[dirt.whole(0, cells.length - 1)] = `"${drawToken(serial)}`;
    add(cells.join(delimiter), isLast && isUnended ? '' : endOf());
    blank(0.03);
    if (bytes >= cut) cut = bytes + chunkBytes;
  }
  return encode(text, profile.encoding, markShare);
};

const cleanColumns = (columns: readonly DrawnColumn[]): [CellType[], string[]] => [
  columns.map(({ type }) => type),
  columns.map(({ name }) => name),
];

const dirtyColumns = (columns: readonly DrawnColumn[], draws: Draws): [CellType[], string[]] => {
  const header = dirtyHeader(columns, draws);
  const types = header.map((name) => columns.find((column) => name.includes(column.name))?.type ?? 'text');
  return header.length === 0 ? [['text'], ['']] : [types, header];
};

const soil = (cells: string[], { share, draw }: DirtyCells, draws: Draws, serial: Serial): void => {
  for (const index of cells.keys()) if (draws.next() < share) cells[index] = draw(drawToken(serial));
  const ragged = draws.next();
  if (ragged < share / 4) cells.pop();
  else if (ragged < share / 2) cells.push(draws.pick(['', ' ', drawToken(serial)]));
  if (cells.length === 0) cells.push('');
};
