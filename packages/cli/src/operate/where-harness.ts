import { createOperateHarness, type JobSettings, jobId, type OperateHarness } from './operate-harness.ts';
import { where } from './where.ts';

// Jobs of one's choice, and what `where` tells of their rows. For tests.

/** The story of a row, as --json tells it and as people read it. Throws unless it was told. */
export const storyOf = async (harness: OperateHarness, row: number, content = false) => {
  // Nothing sleeps here, and gunzip takes real time: the virtual clock would take it for hanging.
  const status = await where(harness.session, jobId, row, { content });
  if (status !== 0) throw new Error(`expected a story, found status ${status}`);
  return { value: harness.value(), text: harness.lines().join('\n') };
};

/** The same, of a row of a job that is made for it. */
export const ofRow = async (row: number, settings: JobSettings, content = false) => {
  const harness = createOperateHarness();
  await harness.addJob(settings);
  return storyOf(harness, row, content);
};
