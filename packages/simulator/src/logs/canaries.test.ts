import { describe, expect, it } from 'vitest';
import { canaries, findCanaries } from './canaries.ts';

const { cell } = canaries;

describe('a canary', () => {
  it.each([
    ['plain', `a ${cell} b`],
    ['plain', cell.toUpperCase()],
    ['plain', JSON.stringify(JSON.stringify({ '"': `"${cell}"` }))],
    ['plain', encodeURIComponent(`ä ${cell} ö`)],
    ['JSON-escaped', [...cell].map((letter) => `\\u00${letter.charCodeAt(0).toString(16)}`).join('')],
    ['URL-encoded', [...cell].map((letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).join('')],
    ['hex', Buffer.from(`a${cell}`).toString('hex')],
    ['base64', Buffer.from(`${cell}, and more`).toString('base64')],
    ['base64', Buffer.from(`a${cell}, and more`).toString('base64')],
    ['base64', Buffer.from(`ab${cell}, and more`).toString('base64')],
    ['base64', Buffer.from(`abc${cell}`).toString('base64url')],
  ])('is found when it is %s: %s', (form, text) => {
    expect(findCanaries(text)).toEqual([`cell, ${form}`]);
  });

  it('is not found where it is not', () => {
    expect(findCanaries('{"jobId":"0123456789abcdefghjkmnpqrs","rows":3}')).toEqual([]);
  });
});
