import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pythonEnvironment } from '../python-environment.ts';
import { cleanField } from './clean-field.ts';

const fields = [
  ['', null],
  [' \t\r\n ', null],
  ['\u0000\u0007', null],
  ['  corner \u00a0 shop ', 'corner shop'],
  ['a\u0085b\u2003c', 'a b c'],
  ['a\u0001b\u007f\u009fc\u001fd', 'abcd'],
  ['Cafe\u0301 \ud83d\ude00', 'Caf\u00e9 \ud83d\ude00'],
] as const;

const script =
  'import json, sys; from clean import clean_field; json.dump([clean_field(field) for field in json.load(sys.stdin)], sys.stdout)';

describe('cleaning of the peers', () => {
  it.each(fields)('cleans %j to %j', (field, cleaned) => {
    expect(cleanField(field)).toBe(cleaned);
  });

  it('does the same in Python', async () => {
    const python = await pythonEnvironment(() => undefined);
    if (python === undefined) return;
    const output = execFileSync(python, ['-c', script], {
      cwd: fileURLToPath(new URL('../python', import.meta.url)),
      env: { PYTHONDONTWRITEBYTECODE: '1' },
      input: JSON.stringify(fields.map(([field]) => field)),
    });
    expect(JSON.parse(output.toString())).toEqual(fields.map(([, cleaned]) => cleaned));
  });
});
