import { describe, expect, it } from 'vitest';
import { changesIn } from './deployment.ts';

const change = (address: string, actions: readonly string[], before: unknown, after: unknown) => ({
  address,
  change: { actions, before, after },
});

describe('a plan', () => {
  it('changes nothing when it only reads', () => {
    const resources = [change('a', ['no-op'], { x: 1 }, { x: 1 }), change('data.b', ['read'], null, { y: 1 })];
    expect(changesIn({ resource_changes: resources })).toEqual([]);
    expect(changesIn({})).toEqual([]);
  });

  it('names each attribute that it would change, make or take away', () => {
    const resources = [
      change('a', ['update'], { x: 1, same: { z: [1] }, gone: 1 }, { x: 2, same: { z: [1] }, more: null }),
      change('b', ['delete', 'create'], { id: 'b' }, null),
    ];
    expect(changesIn({ resource_changes: resources })).toEqual([
      { address: 'a', actions: ['update'], attributes: ['x', 'gone', 'more'] },
      { address: 'b', actions: ['delete', 'create'], attributes: ['id'] },
    ]);
  });
});
