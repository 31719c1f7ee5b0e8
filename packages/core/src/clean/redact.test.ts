import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

describe('redact', () => {
  it('hashes to the SHA-256 of the UTF-8 bytes in hex', () => {
    expect(redact('hash', 'abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(redact('hash', 'é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
  });

  it.each([
    ['4111111111111111', '************1111'],
    ['12345678', '******78'],
    ['1234567', '******7'],
    ['1234', '***4'],
    ['123', '***'],
    ['1', '*'],
    ['ab😀😀', '***😀'],
    ['a'.repeat(100), `${'*'.repeat(96)}aaaa`],
  ])('masks %j as %j', (text, masked) => {
    expect(redact('mask', text)).toBe(masked);
  });
});
