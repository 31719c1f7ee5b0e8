import { SluiceError } from '@sluice/core/errors';
import { createMemoryObjects, type ReadScript } from '@sluice/core/memory-objects';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { describe, expect, it } from 'vitest';
import { loadProfiles, parseProfiles, startProfiles } from './profiles.ts';

const secret = 'SECRET-CONTENT';

const complaintOf = (json: unknown): string => {
  try {
    parseProfiles(typeof json === 'string' ? json : JSON.stringify(json));
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'SCHEMA_INVALID') return thrown.message;
    throw thrown;
  }
  return '';
};

describe('parseProfiles', () => {
  it('takes every property a profile has, and none', () => {
    const full = {
      prefix: 'in/',
      schema: { columns: { id: { type: 'integer' } } },
      delimiter: ';',
      encoding: 'windows-1252',
      header: false,
      maxRejectedRatio: 0.5,
      limit: 10,
    };
    expect(parseProfiles(JSON.stringify([full, { prefix: '' }]))).toEqual([full, { prefix: '' }]);
    expect(parseProfiles('[]')).toEqual([]);
  });

  it('takes null for a property that is not given', () => {
    const profile = { prefix: 'in/', schema: null, delimiter: null, encoding: null, header: null, limit: null };
    expect(parseProfiles(JSON.stringify([{ ...profile, maxRejectedRatio: null }]))).toEqual([{ prefix: 'in/' }]);
  });

  it.each([
    ['delimiter', ['', ';;', '"', '\n', 1]],
    ['encoding', ['utf-99', '', 8]],
    ['header', ['true', 1]],
    ['maxRejectedRatio', [-0.1, 1.1, '0.5']],
    ['limit', [0, 1.5, -1, '1']],
  ])('refuses what is no %s', (name, values) => {
    for (const value of values) {
      const complaint = complaintOf([{ prefix: 'in/', [name]: value }]);
      expect([value, complaint]).toEqual([
        value,
        expect.stringMatching(`^profiles: prefix "in/": ${name}: expected [^;]*$`),
      ]);
    }
  });

  it('names every profile that is wrong, and shows no value', () => {
    const complaint = complaintOf([
      { prefix: 'in/', delimiter: secret, encoding: secret },
      { prefix: 'right/' },
      { prefix: 'out/', schema: { columns: { id: { type: secret } } } },
      { prefix: 'right/' },
      { delimiter: ';' },
      secret,
      { prefix: 'odd/', delimitr: secret },
    ]);
    expect(complaint.split('; ').map((part) => part.replace('profiles: ', '').split(':')[0])).toEqual([
      'prefix "in/"',
      'prefix "in/"',
      'prefix "out/"',
      'prefix "right/"',
      'entry 5',
      'entry 6',
      'prefix "odd/"',
    ]);
    expect(complaint).toContain('prefix "right/": expected one profile, found several');
    expect(complaint).toContain('prefix "odd/": the property "delimitr" is not known');
    expect(complaint).not.toContain(secret);
  });

  it.each([
    ['no JSON', `{"a": ${secret}`],
    ['no array', JSON.stringify({ prefix: secret })],
  ])('refuses what is %s, and does not quote it', (_, text) => {
    expect(complaintOf(text)).toMatch(/^profiles: expected a JSON array, found/);
    expect(complaintOf(text)).not.toContain(secret);
  });
});

describe('loadProfiles', () => {
  const load = async (text: string | undefined, read?: ReadScript) => {
    const objects = createMemoryObjects(read === undefined ? {} : { read });
    if (text !== undefined) await objects.put('work', 'config/profiles.json', text);
    const clock = createVirtualClock();
    return clock.run(loadProfiles({ objects, clock }, 'work', 'config/profiles.json'));
  };

  it('reads the object whole, whatever its body does', async () => {
    const text = JSON.stringify([{ prefix: 'ä/' }, { prefix: 'b/' }]);
    const broken: ReadScript = (_, call) => (call === 1 ? { kind: 'ends', afterBytes: 13 } : undefined);
    expect(await load(text, broken)).toEqual([{ prefix: 'ä/' }, { prefix: 'b/' }]);
  });

  it('fails for now when there is no object', async () => {
    await expect(load(undefined)).rejects.toMatchObject({ code: 'READ_INCOMPLETE', permanent: false });
  });

  it('refuses an object that is far too large without reading it', async () => {
    const neverRead: ReadScript = () => {
      throw new Error('read');
    };
    await expect(load(' '.repeat(4 * 1024 * 1024 + 1), neverRead)).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});

describe('startProfiles', () => {
  it('loads at once, and never again', async () => {
    let loads = 0;
    const profiles = await startProfiles(async () => {
      loads++;
      return [{ prefix: 'in/' }];
    });
    expect(loads).toBe(1);
    expect(await profiles()).toEqual([{ prefix: 'in/' }]);
    expect(loads).toBe(1);
  });

  it('starts although they cannot be read for now, and tries again until they can', async () => {
    const found: (() => readonly { prefix: string }[])[] = [
      () => {
        throw new SluiceError('UNKNOWN', 'expected GetObject to succeed, found ECONNREFUSED');
      },
      () => {
        throw new Error('no credentials');
      },
      () => [{ prefix: 'in/' }],
    ];
    const profiles = await startProfiles(async () => found.shift()?.() ?? []);
    await expect(profiles()).rejects.toThrow('no credentials');
    expect(await profiles()).toEqual([{ prefix: 'in/' }]);
  });

  it('does not start with profiles that are wrong', async () => {
    await expect(startProfiles(async () => parseProfiles('{}'))).rejects.toThrow('profiles: expected a JSON array');
  });
});
