import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { StageName } from '@sluice/core/wiring';
import type { Bundle, Manifest } from './manifest.ts';

/** Where a bundle is kept in the artifacts bucket: under its own hash, so that what was deployed once is never overwritten. */
export const keyOf = (stage: StageName, { sha256 }: Bundle): string => `${stage}/${sha256}.zip`;

/** Terraform's variable `artifacts`. `sha256` is in base64, as Lambda gives it. */
export type Artifacts = {
  readonly bucket: string;
  readonly functions: Readonly<Record<StageName, { readonly key: string; readonly sha256: string }>>;
};

export const toArtifacts = (bucket: string, { functions }: Manifest): Artifacts => {
  const entries = (Object.entries(functions) as [StageName, Bundle][]).map(([stage, bundle]) => [
    stage,
    { key: keyOf(stage, bundle), sha256: Buffer.from(bundle.sha256, 'hex').toString('base64') },
  ]);
  return { bucket, functions: Object.fromEntries(entries) as Artifacts['functions'] };
};

/** Writes the variable where Terraform reads it by itself. The file is the old one or the new one, never half of it. */
export const writeArtifacts = (path: string, artifacts: Artifacts): void => {
  const unfinished = `${path}.${process.pid}`;
  try {
    writeFileSync(unfinished, `${JSON.stringify({ artifacts }, undefined, 2)}\n`);
    renameSync(unfinished, path);
  } catch (thrown) {
    rmSync(unfinished, { force: true });
    throw thrown;
  }
};
