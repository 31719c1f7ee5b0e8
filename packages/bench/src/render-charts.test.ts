import { describe, expect, it } from 'vitest';
import { fixtureResults, storeResult } from './fixture-results.ts';
import { renderRatios, renderScaling } from './render-charts.ts';

describe('the picture of rates', () => {
  it('has a bar for ours and for each peer, with its figure, on a light ground', async () => {
    const svg = await renderRatios(fixtureResults);
    for (const text of ['Store', 'Sluice', 'a usual | way', '4,200', '1,000']) expect(svg).toContain(`>${text}</text>`);
    expect(svg).not.toContain('Growing files');
    expect(svg).toContain('fill="#ffffff"');
  });

  it('is not there before there is a peer', async () => {
    const alone = { ...storeResult, contenders: storeResult.contenders.slice(0, 1) };
    expect(await renderRatios({ ...fixtureResults, experiments: [alone] })).toBeUndefined();
  });
});

describe('the picture of growing files', () => {
  it('has time and memory by rows', async () => {
    const svg = await renderScaling(fixtureResults);
    for (const text of ['Seconds', 'Peak memory, MiB', 'rows']) expect(svg).toContain(`>${text}</text>`);
  });

  it('is not there before they were measured', async () => {
    expect(await renderScaling({ ...fixtureResults, experiments: [storeResult] })).toBeUndefined();
  });
});
