import type { BuildOptions } from 'esbuild';

/** How a module becomes one file that Node 22 runs by itself: a processor here, and a function of the pipeline. */
export const bundleOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  logLevel: 'silent',
  // At the end of a file they would stand under the names of their own files, which differ from machine to machine.
  legalComments: 'inline',
  // Packages that are CommonJS inside call require.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
} as const satisfies BuildOptions;
