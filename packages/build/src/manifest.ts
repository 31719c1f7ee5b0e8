import type { StageName } from '@sluice/core/wiring';

/** One bundle: what is uploaded, and what is in it. Hashes are SHA-256 in hex. */
export type Bundle = {
  /** Name of the zip's file beside the manifest. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** `index.mjs` inside. */
  readonly code: { readonly bytes: number; readonly sha256: string };
};

/** `dist/manifest.json`: no times, no paths, so that two builds of the same sources compare equal. */
export type Manifest = { readonly functions: Readonly<Record<StageName, Bundle>> };
