import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleProcessor } from './bundle-processor.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A processor with a comment, a module of its own, and a CommonJS package. */
const write = (name: string, result: string): string => {
  const path = join(folder, name);
  mkdirSync(join(path, 'node_modules', 'old'), { recursive: true });
  writeFileSync(join(path, 'node_modules', 'old', 'index.js'), 'module.exports = { one: 1 };');
  writeFileSync(join(path, 'result.ts'), `export const result = ${result};`);
  writeFileSync(
    join(path, 'processor.ts'),
    `// a comment
    import old from 'old';
    import { defineProcessor } from 'sluice';
    import { result } from './result.ts';
    export default defineProcessor({ name: 'p', process: () => ({ result, one: old.one }) });`,
  );
  return join(path, 'processor.ts');
};

describe('bundleProcessor', () => {
  it('tells the same code by one hash, wherever it lies, and other code by another', async () => {
    const bundles = await Promise.all([
      bundleProcessor(write('a', '1')),
      bundleProcessor(write('b/c', '1')),
      bundleProcessor(write('d', '2')),
    ]);
    const [a, b, c] = bundles.map(({ hash }) => hash);
    expect(b).toBe(a);
    expect(c).not.toBe(a);
    for (const { remove } of bundles) remove();
  });

  it('makes a module that runs by itself, and takes it away again', async () => {
    const { module, remove } = await bundleProcessor(write('a', '42'));
    const { default: processor } = (await import(module)) as { readonly default: { readonly process: () => unknown } };
    expect(processor.process()).toEqual({ result: 42, one: 1 });
    remove();
    expect(existsSync(module)).toBe(false);
  });
});
