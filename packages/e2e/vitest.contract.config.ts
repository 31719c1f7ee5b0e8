import { defineConfig } from 'vitest/config';

/** The ports' contracts over a real endpoint: no part of `make test`, which needs none. */
export default defineConfig({
  test: { include: ['src/contracts/*.contract.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
