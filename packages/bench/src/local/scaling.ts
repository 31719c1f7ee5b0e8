import type { Contender, Experiment } from '../experiment.ts';
import { demoInput, divided } from './demo-input.ts';
import { runSluice } from './run-sluice.ts';
import { demoOptions } from './sluice-command.ts';
import { memoryAim, wholeRunMeasures, wholeRunSample } from './whole-run.ts';

const runOf = (size: number): Contender => ({
  id: `rows-${size}`,
  title: `${size.toLocaleString('en-US')} rows`,
  isOurs: true,
  async run(context) {
    const { path, rows, rejected, failed } = await demoInput(context, divided(size, context));
    const { usage } = await runSluice(path, demoOptions, { rows, rejected, failed }, context);
    return wholeRunSample(rows, usage);
  },
});

export const scaling: Experiment = {
  id: 'scaling',
  title: 'The whole pipeline on this machine, from 50 thousand to 5 million rows',
  about:
    'Files of transactions like the demo’s; time should grow with the rows, and memory not at all. Each is run ' +
    'once, without a warm-up: the large ones warm up by themselves, and the small ones have their start in their figures.',
  measures: wholeRunMeasures({ peakMebibytes: memoryAim }),
  contenders: [runOf(50_000), runOf(150_000), runOf(500_000), runOf(1_500_000), runOf(5_000_000)],
  // The largest takes longer than all the others together, and whatever is to warm up has done so by its first hundredth.
  repetitions: 1,
  isWithoutWarmUp: true,
};
