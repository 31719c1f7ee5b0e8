import { expect, it } from 'vitest';
import { logBytes } from './log-bytes.ts';
import { quickContext } from './quick-context.ts';

it('counts less than the events hold, and more with every debug line', async () => {
  const context = quickContext(200);
  const [sampled, every, events] = await Promise.all(
    logBytes.contenders.map(async ({ run }) => (await run(context))['logMegabytesPerMillionRows'] ?? 0),
  );
  expect(sampled).toBeGreaterThan(0);
  expect(every).toBeGreaterThan(sampled ?? 0);
  expect(events).toBeGreaterThan(2 * (every ?? 0));
});
