import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

describe('nearestName', () => {
  it.each([
    ['typ', ['type', 'min'], 'type'],
    ['maxlength', ['max', 'maxLength'], 'maxLength'],
    ['customer_id', ['CustomerID', 'Country'], 'CustomerID'],
    ['requierd', ['rename', 'required'], 'required'],
    ['x', ['required'], undefined],
    ['colour', [], undefined],
    ['a'.repeat(200), ['a'.repeat(200)], undefined],
  ])('proposes for %j among %j the name %j', (name, known, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });
});
