import { join } from 'node:path';
import type { StageName } from '@sluice/core/wiring';
import { build } from 'esbuild';
import { bundleOptions } from 'sluice/bundle-options';

export type BundledStage = { readonly code: Uint8Array; readonly sourceMap: Uint8Array };

/**
 * Bundles a stage's handler, with all that it uses, into one module. `root` is the folder of the repository; where it lies does
 * not show in the code: names of files only stand where nothing is minified. `processor` is the path of a bundled processor,
 * and makes no difference but to process-rows.
 */
export const bundleStage = async (root: string, stage: StageName, processor?: string): Promise<BundledStage> => {
  const { outputFiles } = await build({
    ...bundleOptions,
    entryPoints: [join(root, 'packages', stage, 'src', 'handler.ts')],
    absWorkingDir: root,
    outdir: join(root, 'dist'),
    entryNames: stage,
    write: false,
    minify: true,
    // A processor may look at the names of its own classes and functions; here it has those that it has in a local run.
    keepNames: stage === 'process-rows',
    sourcemap: 'external',
    // The SDK's ES modules: of their CommonJS everything would be taken, used or not, which is a third more.
    mainFields: ['module', 'main'],
    ...(processor === undefined ? {} : { alias: { '#processor': processor } }),
  });
  const find = (end: string): Uint8Array => {
    const found = outputFiles.find(({ path }) => path.endsWith(end));
    if (found === undefined) throw new Error(`expected the bundle of ${stage} to have a file *${end}, found none`);
    return found.contents;
  };
  return { code: find('.js'), sourceMap: find('.map') };
};
