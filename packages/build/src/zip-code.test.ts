import { unzipSync } from 'fflate';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { zipCode } from './zip-code.ts';

const code = Buffer.from('export const handler = async () => undefined;\n'.repeat(100));

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

describe('zipCode', () => {
  it('holds index.mjs and nothing else', () => {
    const files = unzipSync(zipCode(code));
    expect(Object.keys(files)).toEqual(['index.mjs']);
    expect(Buffer.from(files['index.mjs'] ?? []).equals(code)).toBe(true);
  });

  it('makes the same bytes in every time zone, at any time', () => {
    const zips = ['UTC', 'Pacific/Kiritimati', 'America/St_Johns'].map((zone, index) => {
      vi.stubEnv('TZ', zone);
      vi.setSystemTime(index * 10_000_000_000);
      return Buffer.from(zipCode(code)).toString('hex');
    });
    expect(new Set(zips).size).toBe(1);
  });

  it('marks the file as one that everybody may read', () => {
    const zip = Buffer.from(zipCode(code));
    const entry = zip.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    // Central directory: "version made by" at 4, external attributes at 38. Source: APPNOTE.TXT, 4.3.12.
    expect(zip.readUInt8(entry + 5)).toBe(3);
    expect(zip.readUInt32LE(entry + 38) >>> 16).toBe(0o100644);
  });
});
