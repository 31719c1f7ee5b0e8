import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from './bundle-options.ts';
import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

/** What a processor imports as `sluice`, wherever its file lies. */
const processorApi = fileURLToPath(new URL('./processor.ts', import.meta.url));

/** `module` is a path; `hash` is the same for the same code, wherever it lies. */
export type BundledProcessor = { readonly module: string; readonly hash: string; remove(): void };

/**
 * Bundles a processor's module with what it imports. Throws UsageError for a file that is missing or does not compile, which
 * names `option`, the one that named the file.
 */
export const bundleProcessor = async (file: string, option = '--processor'): Promise<BundledProcessor> => {
  const shown = toTerminalText(file);
  if (!existsSync(file))
    throw new UsageError(`${option}: expected a TypeScript or JavaScript module, found no file ${shown}`);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const module = join(folder, 'processor.mjs');
  try {
    await build({
      ...bundleOptions,
      entryPoints: [resolve(file)],
      outfile: module,
      // Bundled CommonJS names its files, seen from here: the same for the same code, wherever it lies and the command runs.
      absWorkingDir: dirname(resolve(file)),
      // Nor do comments name files then.
      minifyWhitespace: true,
      // Beside it: who bundles the module once more traces it back to its sources.
      sourcemap: 'linked',
      alias: { sluice: processorApi },
    });
    return { module, hash: createHash('sha256').update(readFileSync(module)).digest('hex'), remove };
  } catch (thrown) {
    remove();
    const error = (
      thrown as {
        readonly errors?: readonly { readonly text: string; readonly location: { readonly line: number } | null }[];
      }
    ).errors?.[0];
    const where = error?.location == null ? '' : ` (line ${error.location.line})`;
    throw new UsageError(
      `${option}: expected ${shown} to compile, found: ${toTerminalText(error?.text ?? 'an unknown error')}${where}`,
    );
  }
};
