import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { bundleProcessor } from 'sluice/bundle-processor';
import { toTerminalText } from 'sluice/terminal-text';
import { UsageError } from 'sluice/usage-error';
import { bundleStage } from './bundle-stage.ts';
import { complainAboutModule } from './check-processor.ts';
import type { Bundle, Manifest } from './manifest.ts';
import { zipCode } from './zip-code.ts';

export type BuildOptions = {
  /** Folder of the repository. */
  readonly root: string;
  /** Folder that takes the bundles. */
  readonly out: string;
  /** File of the user's processor; the default one when it is not given. */
  readonly processor?: string;
  readonly onBundle?: (stage: StageName, bundle: Bundle) => void;
};

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Gives `use` the path of the bundled processor, as long as it takes. */
const withProcessor = async <Result>(
  file: string | undefined,
  use: (module: string | undefined) => Promise<Result>,
): Promise<Result> => {
  if (file === undefined) return use(undefined);
  const { module, remove } = await bundleProcessor(file, 'PROCESSOR');
  try {
    const complaint = await complainAboutModule(module);
    if (complaint !== undefined)
      throw new UsageError(`PROCESSOR: ${toTerminalText(file)}: ${toTerminalText(complaint)}`);
    return await use(module);
  } finally {
    remove();
  }
};

/**
 * Builds the bundle of every stage: `<stage>.zip`, `<stage>.map` beside it and `manifest.json` last. The same sources make the
 * same zips. Throws UsageError for a processor that cannot be used; nothing is written then.
 */
export const buildBundles = ({ root, out, processor, onBundle }: BuildOptions): Promise<Manifest> =>
  withProcessor(processor, async (module) => {
    const functions: Partial<Record<StageName, Bundle>> = {};
    mkdirSync(out, { recursive: true });
    for (const stage of stageNames) {
      const { code, sourceMap } = await bundleStage(root, stage, module);
      const zip = zipCode(code);
      const file = `${stage}.zip`;
      const bundle: Bundle = {
        file,
        bytes: zip.length,
        sha256: hashOf(zip),
        code: { bytes: code.length, sha256: hashOf(code) },
      };
      writeFileSync(join(out, file), zip);
      writeFileSync(join(out, `${stage}.map`), sourceMap);
      functions[stage] = bundle;
      onBundle?.(stage, bundle);
    }
    const manifest: Manifest = { functions: functions as Manifest['functions'] };
    writeFileSync(join(out, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
    return manifest;
  });
