import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '@sluice/build/root';
import { replaceSection } from './document.ts';
import { renderRatios, renderScaling } from './render-charts.ts';
import { renderSection } from './render-table.ts';
import { formatResults, parseResults, type Results } from './results.ts';

// What the repository keeps of the figures: all of them, and the page and pictures that are made of them alone.

const docs = join(root, 'docs');
export const resultsPath = join(docs, 'performance.json');
export const pagePath = join(docs, 'performance.md');

type Picture = { readonly path: string; readonly alt: string; readonly svg: string };

/** The pictures that the figures suffice for. Paths are as the page links them. */
export const renderPictures = async (results: Results): Promise<readonly Picture[]> => {
  const pictures = [
    {
      path: 'images/performance-ratios.svg',
      alt: 'Rows per second of Sluice and of the usual ways, part by part',
      svg: await renderRatios(results),
    },
    {
      path: 'images/performance-scaling.svg',
      alt: 'Time and peak memory of a whole run as files grow',
      svg: await renderScaling(results),
    },
  ];
  return pictures.flatMap(({ svg, ...picture }) => (svg === undefined ? [] : [{ ...picture, svg }]));
};

/** Undefined when there are none yet. Throws when they cannot be read. */
export const readResults = async (): Promise<Results | undefined> => {
  const text = await readFile(resultsPath, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined;
    throw thrown;
  });
  return text === undefined ? undefined : parseResults(text);
};

/** Writes the figures, the page's section and the pictures, and gives the paths. */
export const publish = async (measured: Results): Promise<readonly string[]> => {
  const text = formatResults(measured);
  // Of the figures as they are kept, so that the same comes of them again.
  const results = parseResults(text);
  const pictures = await renderPictures(results);
  const page = replaceSection(await readFile(pagePath, 'utf8'), renderSection(results, pictures));
  const files: readonly (readonly [path: string, content: string])[] = [
    [resultsPath, text],
    [pagePath, page],
    ...pictures.map(({ path, svg }) => [join(docs, path), svg] as const),
  ];
  for (const [path, content] of files) await writeFile(path, content);
  return files.map(([path]) => path);
};
