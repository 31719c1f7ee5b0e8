import { renderPage } from './render-page.ts';
import type { FinishedRun } from './run-page.ts';
import { pageOfRun } from './run-page.ts';

/** The page of a run on this machine, as HTML. */
export const renderRun = (run: FinishedRun): Promise<string> => renderPage(pageOfRun(run));
