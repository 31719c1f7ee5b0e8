import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScriptedQueue } from './scripted-queue.ts';
import { sendAll } from './send.ts';
import { createVirtualClock } from './virtual-clock.ts';

const entryFate = fc.constantFrom('sent', 'failed', 'fault', 'silent');

describe('sendAll', () => {
  it('loses no message: each is confirmed, or named once as unsent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 200_000 }), { maxLength: 45 }),
        fc.array(fc.oneof(fc.constant(undefined), fc.array(entryFate, { minLength: 10, maxLength: 10 })), {
          minLength: 1,
          maxLength: 8,
        }),
        async (sizes, answers) => {
          const queue = createScriptedQueue((entries, call) => {
            const fates = answers[call % answers.length];
            if (fates === undefined) throw new Error('socket hang up');
            const withFate = (...wanted: string[]) =>
              entries.filter((_, index) => wanted.includes(fates[index] ?? '')).map(({ id }) => id);
            const faults = withFate('fault');
            return {
              sent: withFate('sent'),
              failed: withFate('failed', 'fault').map((id) => ({ id, code: 'Code', senderFault: faults.includes(id) })),
            };
          });
          const clock = createVirtualClock();
          const outgoing = sizes.map((size, index) => ({ body: `${index} ${'x'.repeat(size)}` }));
          const unsent = await clock.run(sendAll(queue, outgoing, { clock, random: () => 0 }));
          const confirmed = queue.bodies.map((body) => Number(body.split(' ', 1)));
          const all = [...confirmed, ...unsent.map(({ index }) => index)];
          expect(all.sort((a, b) => a - b)).toEqual(sizes.map((_, index) => index));
          for (const entries of queue.sends) {
            for (const { id, body } of entries) expect(body).toBe(outgoing[Number(id)]?.body);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
