import { buildBundles } from './build-bundles.ts';
import type { Manifest } from './manifest.ts';
import { dist, root } from './root.ts';
import { bundleLine, totalLine } from './say-bundles.ts';

/** Builds every bundle into `dist`, with the processor that PROCESSOR names, and says what came of it. */
export const reportBuild = async (processor: string | undefined, say: (text: string) => void): Promise<Manifest> => {
  const manifest = await buildBundles({
    root,
    out: dist,
    ...(processor === undefined || processor === '' ? {} : { processor }),
    onBundle: (stage, bundle) => say(bundleLine(stage, bundle)),
  });
  say(totalLine(manifest));
  return manifest;
};
