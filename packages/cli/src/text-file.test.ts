import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeTogether, createTextFile, type TextFile } from './text-file.ts';

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

  it('holds texts and bytes of every size in the order they came', () => {
    const path = join(folder, 'a.txt');
    const file = createTextFile(path);
    const texts = [
      'a',
      '東京'.repeat(300_000),
      'é',
      '\u{1f600}'.repeat(400_000),
      '',
      'z'.repeat(1024 * 1024),
      '\ud800',
      'end',
    ];
    for (const text of texts) {
      file.write(text);
      file.writeBytes(Buffer.from([0xff]));
    }
    file.close();
    expect(
      readFileSync(path).equals(Buffer.concat(texts.flatMap((text) => [Buffer.from(text), Buffer.from([0xff])]))),
    ).toBe(true);
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

  it('appears in no other way than by being closed', () => {
    const file = createTextFile(join(folder, 'a.txt'));
    file.write('whole');
    file.finish();
    expect(readdirSync(folder)).toEqual(['a.txt.tmp']);
    expect(readFileSync(join(folder, 'a.txt.tmp'), 'utf8')).toBe('whole');
    file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that was closed is not discarded', () => {
    const file = createTextFile(join(folder, 'a.txt'));
    file.close();
    file.discard();
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });
});

describe('closeTogether', () => {
  const write = (name: string, text: string): TextFile => {
    const file = createTextFile(join(folder, name));
    file.write(text);
    return file;
  };
  const old = (name: string): void => writeFileSync(join(folder, name), 'old');
  const texts = (): Record<string, string> =>
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

  it('has the last file there only while the others are those it was written with', () => {
    for (const name of ['a', 'b', 'last']) old(name);
    const seen: Record<string, string>[] = [];
    const watched = (file: TextFile): TextFile => ({
      ...file,
      close() {
        seen.push(texts());
        file.close();
      },
    });
    closeTogether([watched(write('a', 'new')), watched(write('b', 'new'))], watched(write('last', 'new')));
    expect(seen).toEqual([
      { a: 'old', b: 'old', 'a.tmp': 'new', 'b.tmp': 'new', 'last.tmp': 'new' },
      { a: 'new', b: 'old', 'b.tmp': 'new', 'last.tmp': 'new' },
      { a: 'new', b: 'new', 'last.tmp': 'new' },
    ]);
    expect(texts()).toEqual({ a: 'new', b: 'new', last: 'new' });
  });

  it('touches nothing when one of them cannot be finished', () => {
    for (const name of ['a', 'last']) old(name);
    const last = write('last', 'new');
    const full = (): never => {
      throw new Error('the disk is full');
    };
    expect(() => closeTogether([write('a', 'new')], { ...last, finish: full })).toThrow('the disk is full');
    expect(texts()).toMatchObject({ a: 'old', last: 'old' });
  });
});
