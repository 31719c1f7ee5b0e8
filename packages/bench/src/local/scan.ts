import { fileURLToPath } from 'node:url';
import type { Contender, Experiment } from '../experiment.ts';
import { runMeasured } from './run-measured.ts';
import { scanInputs } from './scan-input.ts';
import type { Scanned } from './scan-worker.ts';

const worker = fileURLToPath(new URL('./scan-worker.ts', import.meta.url));

/** So much that starting weighs nothing. csv-parse takes a second for an eighth of it. Unit: bytes. */
const scanBytes = 256 * 1024 * 1024;
const parseBytes = scanBytes / 8;

const scanOnce = async (way: string, file: string, bytes: number, signal: AbortSignal): Promise<Scanned> => {
  const args = ['--disable-warning=ExperimentalWarning', worker, way, file, String(Math.ceil(bytes))];
  const { stdout } = await runMeasured(args, { signal });
  const scanned = JSON.parse(stdout) as Scanned;
  if (scanned.found < 1) throw new Error(`expected records, found none in ${scanned.bytes} bytes`);
  return scanned;
};

const contender = (way: string, title: string, bytes: number): Contender => ({
  id: way,
  title,
  async run(context) {
    const { plain, quoted } = await scanInputs(context);
    const rate = ({ bytes, seconds }: Scanned): number => bytes / seconds / 1e6;
    const asIs = await scanOnce(way, plain, bytes / context.divisor, context.signal);
    const inQuotes = await scanOnce(way, quoted, bytes / context.divisor, context.signal);
    return { megabytesPerSecond: rate(asIs), quotedMegabytesPerSecond: rate(inQuotes) };
  },
});

export const scan: Experiment = {
  id: 'scan',
  title: 'Finding the records of a file in memory',
  about:
    'Transactions, of which two in five have a field in quotes, and the same with every field in quotes; 256 MiB of each, in pieces ' +
    'of 1 MiB. The plain scan goes from LF to LF and finds no records: nothing that must see every line is faster. csv-parse makes ' +
    'the fields too, and is given an eighth of the bytes.',
  measures: [
    { name: 'megabytesPerSecond', title: 'as they are', unit: 'MB/s', better: 'more' },
    { name: 'quotedMegabytesPerSecond', title: 'every field in quotes', unit: 'MB/s', better: 'more' },
  ],
  contenders: [
    contender('scanner', 'the scanner: records, rows, lines and bytes', scanBytes),
    contender('memory', 'a plain scan for LFs', scanBytes),
    contender('csv-parse', 'csv-parse', parseBytes),
  ],
};
