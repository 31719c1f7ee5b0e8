import { describe, expect, it } from 'vitest';
import { drawWorkload } from './draw-workload.ts';
import { expectFile } from './expected-rows.ts';
import { readByProduct } from './product-rows.ts';
import { createDraws } from './random.ts';

/** Enough for every reason to reject a row and every way to refuse a file to come up many times. */
const seeds = 2_000;

describe('the oracle', () => {
  it('reads every file that a workload can draw as the product does, however it is cut into chunks', async () => {
    for (let seed = 0; seed < seeds; seed++) {
      const { uploads, profiles, chunkBytes } = drawWorkload(createDraws(seed, 'workload'), () => true, {});
      for (const [index, { bytes, key }] of uploads.entries()) {
        const byProduct = await readByProduct(bytes, key, profiles, chunkBytes);
        expect({ seed, index, ...expectFile(bytes, key, profiles) }).toEqual({ seed, index, ...byProduct });
      }
    }
  });
});
