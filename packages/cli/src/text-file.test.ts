import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTextFile } from './text-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a text file', () => {
  it('appears whole when it is closed, and not before', () => {
    const path = join(folder, 'a.txt');
    writeFileSync(path, 'before');
    const file = createTextFile(path);
    const line = `${'é'.repeat(1_000)}\n`;
    for (let i = 0; i < 3_000; i++) file.write(line);
    expect(readFileSync(path, 'utf8')).toBe('before');
    file.close();
    expect(readFileSync(path, 'utf8')).toBe(line.repeat(3_000));
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });

  it('leaves what was there, and nothing else, when it is discarded', () => {
    const path = join(folder, 'a.txt');
    const file = createTextFile(path);
    file.write('half');
    file.discard();
    file.discard();
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });
});
