import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '@sluice/build/root';
import { expect, it } from 'vitest';
import { sectionOf } from './document.ts';
import { experimentsOver } from './experiments.ts';
import { pagePath, readResults, renderPictures, resultsPath } from './publish.ts';
import { renderSection } from './render-table.ts';
import { formatResults, type Results } from './results.ts';

const published = async (): Promise<Results> => {
  const results = await readResults();
  if (results === undefined) throw new Error(`expected figures in ${resultsPath}, found none`);
  return results;
};

it('the page says what the figures say, and nothing else', async () => {
  const results = await published();
  const section = renderSection(results, await renderPictures(results));
  expect(sectionOf(await readFile(pagePath, 'utf8'))).toBe(section);
});

it('the pictures show what the figures say', async () => {
  for (const { path, svg } of await renderPictures(await published())) {
    expect(await readFile(join(root, 'docs', path), 'utf8'), path).toBe(svg);
  }
});

it('the figures are written as they would be now, of experiments that there are', async () => {
  const results = await published();
  expect(await readFile(resultsPath, 'utf8')).toBe(formatResults(results));
  const ids = experimentsOver('').map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(results.experiments.map(({ id }) => id)));
});
