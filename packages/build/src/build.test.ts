import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

describe.each(['build', 'build-and-upload'])('the command %s', (name) => {
  it('ends with status 2 and one line for a processor that cannot be used, before anything else', () => {
    const command = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [command], {
      env: { PROCESSOR: '/nonexistent/processor.ts' },
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `${name}: PROCESSOR: expected a TypeScript or JavaScript module, found no file /nonexistent/processor.ts\n`,
    });
  });
});
