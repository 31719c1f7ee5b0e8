import { countOf, durationText } from 'sluice/terminal-text';
import type { Execution } from './measure.ts';
import { numberText } from './number-text.ts';

/** Tells each execution that ended, how long it has taken so far and what is left, by the mean of those before. */
export const createProgress = (
  executions: number,
  write: (line: string) => void,
  now: () => number = () => performance.now() / 1000,
) => {
  const startedAt = now();
  let done = 0;
  return {
    executed({ experiment, contender, repetition, sample }: Execution): void {
      done++;
      const elapsed = now() - startedAt;
      const left = executions - done;
      const figures = experiment.measures.flatMap(({ name, unit }) => {
        const value = sample[name];
        return value === undefined ? [] : [`${numberText(value)} ${unit}`];
      });
      const round = repetition === 0 ? 'warm-up' : `round ${repetition}`;
      const time = `${durationText(elapsed)}, ${left === 0 ? 'the last' : `about ${durationText((elapsed / done) * left)} left`}`;
      write(`${done}/${executions} ${experiment.id} ${contender.id}, ${round}: ${figures.join(', ')} (${time})`);
    },
    /** What will not be executed after all. */
    dropped(count: number): void {
      executions -= count;
      if (count > 0) write(`${countOf(count, 'execution')} left out`);
    },
  };
};
