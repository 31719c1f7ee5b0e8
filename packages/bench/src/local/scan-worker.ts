import { readFileSync } from 'node:fs';
import { csvParseOptions } from '@sluice/core/csv/parse';
import { createScanner } from '@sluice/core/csv/scan';
import { parse } from 'csv-parse';

// One scan of bytes in memory: node scan-worker.ts CONTENDER FILE BYTES
//
// The file, which ends at the end of a record, is put into memory as often as it takes to make so many bytes. Scanned is in pieces as
// they come from S3; what is measured begins when all bytes are there.

export type Scanned = {
  readonly bytes: number;
  /** Of the scanner and the parser: records that are no blank line. Of the plain scan: LFs. */
  readonly found: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
};

/** As many as one GET asks for. */
const pieceBytes = 1024 * 1024;

const [contender = '', file = '', wanted = '0'] = process.argv.slice(2);

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

const scan = (bytes: Buffer): number => {
  let found = 0;
  const scanner = createScanner({
    offset: 0,
    line: 1,
    row: 1,
    delimiter: 0x2c,
    sink: ({ kind }) => {
      if (kind !== 'blank') found++;
    },
  });
  for (const piece of piecesOf(bytes)) scanner.push(piece);
  scanner.end();
  return found;
};

const countLineFeeds = (bytes: Buffer): number => {
  let found = 0;
  for (const piece of piecesOf(bytes)) {
    for (let at = piece.indexOf(0x0a); at >= 0; at = piece.indexOf(0x0a, at + 1)) found++;
  }
  return found;
};

const parseAll = async (bytes: Buffer): Promise<number> => {
  let found = 0;
  const parser = parse(csvParseOptions);
  parser.on('data', () => {
    found++;
  });
  const ended = new Promise<void>((resolve, reject) => parser.on('end', resolve).on('error', reject));
  for (const piece of piecesOf(bytes)) {
    if (!parser.write(piece)) await new Promise((resolve) => parser.once('drain', resolve));
  }
  parser.end();
  await ended;
  return found;
};

const ways: Readonly<Record<string, (bytes: Buffer) => number | Promise<number>>> = {
  scanner: scan,
  memory: countLineFeeds,
  'csv-parse': parseAll,
};

const once = readFileSync(file);
const bytes = Buffer.concat(Array.from({ length: Math.ceil(Number(wanted) / once.length) }, () => once));
const way = ways[contender];
if (way === undefined) throw new Error(`expected one of ${Object.keys(ways)}, found ${contender}`);
const before = process.cpuUsage();
const startedAt = performance.now();
const found = await way(bytes);
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage(before);
const scanned: Scanned = { bytes: bytes.length, found, seconds, cpuSeconds: (user + system) / 1e6 };
process.stdout.write(JSON.stringify(scanned));
