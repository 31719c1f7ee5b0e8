import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Escaped, sealed } from './trap.ts';

const ways: readonly (readonly [string, () => unknown])[] = [
  ['Date.now', () => Date.now()],
  ['new Date()', () => new Date()],
  ['Date()', () => (Date as unknown as () => string)()],
  ['Math.random', () => Math.random()],
  ['performance.now', () => performance.now()],
  ['process.hrtime', () => process.hrtime()],
  ['setTimeout', () => setTimeout(() => undefined, 0)],
  ['setInterval', () => setInterval(() => undefined, 1)],
  ['setImmediate', () => setImmediate(() => undefined)],
  ['node:timers/promises.setTimeout, imported by its name', () => sleep(0)],
  ['crypto.randomUUID', () => crypto.randomUUID()],
  ['node:crypto.randomUUID, imported by its name', () => randomUUID()],
  ['fetch', () => fetch('http://127.0.0.1:1')],
  ['node:fs.readFileSync', () => readFileSync('package.json')],
  ['node:fs/promises.readFile', () => readFile('package.json')],
  ['node:zlib.createGunzip', () => createGunzip()],
];

describe('the seal', () => {
  test.each(ways)('%s throws inside and works again outside', async (_, reach) => {
    await sealed(async () => {
      expect(reach).toThrow(Escaped);
    });
    expect(Date.now()).toBeGreaterThan(0);
    const reached = reach();
    if (reached instanceof Promise) await reached.catch(() => undefined);
    else clearTimeout(reached as NodeJS.Timeout);
  });

  test('a date that is made of a number is arithmetic', async () => {
    await sealed(async () => {
      expect(new Date(0).toISOString()).toBe('1970-01-01T00:00:00.000Z');
      expect(Date.UTC(2026, 0, 1)).toBe(1_767_225_600_000);
      expect(new Date(0)).toBeInstanceOf(Date);
    });
  });

  test('is opened again by work that throws, and by the last of several', async () => {
    await expect(sealed(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(Date.now()).toBeGreaterThan(0);
    await sealed(async () => {
      await sealed(async () => undefined);
      expect(() => Date.now()).toThrow(Escaped);
    });
    expect(Date.now()).toBeGreaterThan(0);
  });
});
