import type { StageName } from '@sluice/core/wiring';
import { countText } from 'sluice/terminal-text';
import type { Bundle, Manifest } from './manifest.ts';

const kibibytes = (bytes: number): string => countText(Math.round(bytes / 1024)).padStart(5);

const line = (name: string, bytes: number, rest: string): string =>
  `  ${name.padEnd(13)}${kibibytes(bytes)} KiB   ${rest}\n`;

/** A bundle as people read it: zipped size, size of the code, the beginning of the hash. */
export const bundleLine = (stage: StageName, { bytes, sha256, code }: Bundle): string =>
  line(stage, bytes, `${kibibytes(code.bytes)} KiB unpacked   sha256 ${sha256.slice(0, 12)}`);

export const totalLine = ({ functions }: Manifest): string => {
  const bundles = Object.values(functions);
  return line(
    'total',
    bundles.reduce((sum, { bytes }) => sum + bytes, 0),
    `${bundles.length} bundles`,
  );
};
