import { describe, expect, it } from 'vitest';
import { checkMutation } from './mutation-loader.ts';
import { mutations } from './mutations.ts';

describe('the deliberate bugs', () => {
  it('have an id each', () => {
    expect(new Set(mutations.map(({ id }) => id)).size).toBe(mutations.length);
  });

  it.each(mutations.map((mutation) => [mutation.id, mutation] as const))(
    'still find their place: %s',
    (_, mutation) => {
      expect(() => checkMutation(mutation)).not.toThrow();
    },
  );
});
