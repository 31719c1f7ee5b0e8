import { createVirtualClock } from '@sluice/core/virtual-clock';
import { expect, it } from 'vitest';
import { rememberAge } from './remembered-age.ts';

it('asks once a minute, and again after a failure', async () => {
  const clock = createVirtualClock();
  const answers = [7, new Error('throttled'), 9];
  const age = rememberAge(async () => {
    const answer = answers.shift();
    if (typeof answer !== 'number') throw answer;
    return answer;
  }, clock);
  expect(await age()).toBe(7);
  clock.pass(59_999);
  expect(await age()).toBe(7);
  clock.pass(1);
  await expect(age()).rejects.toThrow('throttled');
  expect(await age()).toBe(9);
});
