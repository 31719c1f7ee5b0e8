import { describe, expect, it } from 'vitest';
import { countMembers, quotedName, textMember } from './json-keys.ts';

const name = quotedName('Statement');
const bytesOf = (value: unknown, space?: number): Buffer => Buffer.from(JSON.stringify(value, undefined, space));

describe('members of a JSON text', () => {
  it('are counted at any depth, however the text is spaced', () => {
    const value = { Statement: 1, in: [{ Statement: { Statement: 'x' } }, { other: 2 }] };
    expect(countMembers(bytesOf(value), name)).toBe(3);
    expect(countMembers(bytesOf(value, 2), name)).toBe(3);
  });

  it('are not mistaken for texts, nor for parts of texts or of other names', () => {
    const value = [
      'Statement',
      { text: '"Statement": 1, "Statement":', x: 'Statement' },
      { Statements: 1, aStatement: 2 },
    ];
    expect(countMembers(bytesOf(value), name)).toBe(0);
  });

  it('give the first text among them', () => {
    expect(textMember(bytesOf([{ Statement: { S: 'no' } }, { Statement: 'yes' }, { Statement: 'late' }]), name)).toBe(
      'yes',
    );
    expect(textMember(bytesOf({ other: 'Statement' }), name)).toBeUndefined();
  });
});
