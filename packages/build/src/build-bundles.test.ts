import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { unzipSync } from 'fflate';
import { bundleProcessor } from 'sluice/bundle-processor';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildBundles } from './build-bundles.ts';
import { bundleStage } from './bundle-stage.ts';
import type { Manifest } from './manifest.ts';
import { root } from './root.ts';

/**
 * Zipped bytes that a bundle may have, in KiB: what was measured, and a tenth. A cold start reads and compiles all of it, so what
 * goes beyond must be worth it. Half of each is the SDK's core (signing, credentials, retries) and the logger; then clients:
 * S3's is the largest by far. What runs over is most likely a module that is taken whole.
 */
const budgetKibibytes: Readonly<Record<StageName, number>> = {
  'split-file': 230,
  'clean-rows': 225,
  'store-rows': 155,
  'relay-rows': 150,
  'process-rows': 162,
  'finish-rows': 155,
  'audit-job': 213,
};

const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'sluice-build-'));

const makeTestFolder = (): string => {
  const folder = makeFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** The sources alone in another folder, with what is installed still where it is. */
const copySources = (to: string): void => {
  for (const name of readdirSync(join(root, 'packages'))) {
    for (const part of ['src', 'package.json', 'node_modules']) {
      const from = join(root, 'packages', name, part);
      const filter = (path: string): boolean => !basename(path).startsWith('.');
      if (existsSync(from))
        cpSync(from, join(to, 'packages', name, part), { recursive: true, verbatimSymlinks: true, filter });
    }
  }
  mkdirSync(join(to, 'infra'));
  cpSync(join(root, 'infra', 'wiring.json'), join(to, 'infra', 'wiring.json'));
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'));
};

let out: string;
let manifest: Manifest;

beforeAll(async () => {
  out = makeFolder();
  manifest = await buildBundles({ root, out });
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

const codeOf = (folder: string, stage: StageName): string =>
  Buffer.from(unzipSync(readFileSync(join(folder, `${stage}.zip`)))['index.mjs'] ?? []).toString();

describe('the bundles', () => {
  it('are a zip and a source map for each stage, and a manifest that tells of them', () => {
    expect(readdirSync(out).sort()).toEqual(
      ['manifest.json', ...stageNames.flatMap((stage) => [`${stage}.map`, `${stage}.zip`])].sort(),
    );
    expect(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))).toEqual(manifest);
    for (const stage of stageNames) {
      const { file, bytes, sha256, code } = manifest.functions[stage];
      const zip = readFileSync(join(out, file));
      expect([zip.length, createHash('sha256').update(zip).digest('hex')]).toEqual([bytes, sha256]);
      expect(codeOf(out, stage)).toHaveLength(code.bytes);
    }
  });

  it.each(stageNames)('keep within their budget: %s', (stage) => {
    const { bytes } = manifest.functions[stage];
    expect(bytes / 1024).toBeLessThan(budgetKibibytes[stage]);
    // Nor is the budget far off: it would guard nothing.
    expect(bytes / 1024).toBeGreaterThan(budgetKibibytes[stage] * 0.8);
  });

  it('are the same for the same sources, wherever they lie, and name no file', async () => {
    const copy = makeTestFolder();
    copySources(copy);
    const elsewhere = join(copy, 'other', 'out');
    expect(await buildBundles({ root: copy, out: elsewhere })).toEqual(manifest);
    for (const stage of stageNames) {
      expect(readFileSync(join(elsewhere, `${stage}.zip`)).equals(readFileSync(join(out, `${stage}.zip`)))).toBe(true);
      const code = codeOf(out, stage);
      const found = [root, copy, 'node_modules', '.pnpm'].filter((path) => code.includes(path));
      expect([stage, found]).toEqual([stage, []]);
    }
  });

  it('trace back to their sources by the map, which is not in the zip', () => {
    for (const stage of stageNames) {
      const { sources } = JSON.parse(readFileSync(join(out, `${stage}.map`), 'utf8')) as { readonly sources: string[] };
      expect(sources).toContain(`../packages/${stage}/src/handler.ts`);
      expect(codeOf(out, stage).includes('sourceMappingURL')).toBe(false);
    }
  });
});

describe('a processor', () => {
  const build = async (source: string) => {
    const folder = makeTestFolder();
    const processor = join(folder, 'my-processor.ts');
    writeFileSync(processor, source);
    const built = join(folder, 'out');
    return { built, manifest: await buildBundles({ root, out: built, processor }) };
  };
  const complaintOf = (source: string): Promise<string> =>
    build(source).then(
      () => '',
      (thrown: Error) => `${thrown.name}: ${thrown.message.replaceAll(/\S*my-processor/g, 'my-processor')}`,
    );
  const right = (result: string): string => `
    import { defineProcessor, permanent } from 'sluice';
    class OwnName extends Error {}
    export default defineProcessor({ name: 'mine', process: () => ({ result: '${result}', name: OwnName.name }) });`;

  it('goes into process-rows and changes nothing else', async () => {
    const { built, manifest: other } = await build(right('ONE-OF-MINE'));
    const different = stageNames.filter((stage) => other.functions[stage].sha256 !== manifest.functions[stage].sha256);
    expect(different).toEqual(['process-rows']);
    const code = codeOf(built, 'process-rows');
    // Names are looked at by user code, and so the same as in a local run.
    expect(['ONE-OF-MINE', '"OwnName"'].filter((text) => !code.includes(text))).toEqual([]);
  });

  it('makes the same bundle wherever its file lies, and another for other code', async () => {
    const codeWith = async (result: string): Promise<string> => {
      const file = join(makeTestFolder(), 'my-processor.ts');
      writeFileSync(file, right(result));
      const { module, remove } = await bundleProcessor(file, 'PROCESSOR');
      const { code } = await bundleStage(root, 'process-rows', module);
      remove();
      return createHash('sha256').update(code).digest('hex');
    };
    const first = await codeWith('1');
    expect(await codeWith('1')).toBe(first);
    expect(await codeWith('2')).not.toBe(first);
  });

  it.each([
    ['does not compile', 'export default {', 'PROCESSOR: expected my-processor.ts to compile, found: '],
    ['imports what is not there', "import 'nothing-of-that-name';", 'PROCESSOR: expected my-processor.ts to compile'],
    ['has no default export', 'export const a = 1;', 'PROCESSOR: my-processor.ts: expected the default export to be'],
    ['is no processor', 'export default { name: "x" };', 'PROCESSOR: my-processor.ts: expected process to be'],
    ['throws', "throw new Error('no\\nluck');", 'PROCESSOR: my-processor.ts: expected the module to load, found: no'],
    [
      'ends its process',
      'process.exit(3);',
      'PROCESSOR: my-processor.ts: expected the module to load, found that it ends',
    ],
  ])('that %s is refused in one line, before anything is written', async (_, source, complaint) => {
    const found = await complaintOf(source);
    expect(found).toContain(`UsageError: ${complaint}`);
    expect(found).not.toContain('\n');
  });

  it('that is not there is refused', async () => {
    const out = join(makeTestFolder(), 'out');
    await expect(buildBundles({ root, out, processor: '/nonexistent/p.ts' })).rejects.toThrow(
      'PROCESSOR: expected a TypeScript or JavaScript module, found no file /nonexistent/p.ts',
    );
    expect(existsSync(out)).toBe(false);
  });
});
