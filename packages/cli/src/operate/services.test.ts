import { startScriptedEndpoint } from '@sluice/core/aws/scripted-endpoint';
import { chunkPartitions } from '@sluice/core/identity';
import type { ChunkRecord } from '@sluice/core/ports/job-store';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createOperateHarness } from './operate-harness.ts';
import { readJobRows } from './read-job-rows.ts';
import { openServices } from './services.ts';
import { csvOf } from './verify-harness.ts';

it('has a connection for every request of the chunks that are read at once: none waits until it is given up', async () => {
  const underWay = 2 * chunkPartitions;
  let waiting = 0;
  let most = 0;
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const endpoint = await startScriptedEndpoint({
    dynamodb: async () => {
      most = Math.max(most, ++waiting);
      if (waiting === underWay) open();
      await opened;
      waiting--;
      return { status: 200, body: JSON.stringify({ Items: [] }) };
    },
  });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await endpoint.close();
  });
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'scripted');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'scripted');
  const { operator, addJob, jobs } = createOperateHarness();
  const job = await addJob({ csv: csvOf(30) });
  const { rows } = await openServices({ ...operator.stack, region: 'us-east-1' }, { AWS_ENDPOINT_URL: endpoint.url });
  const chunks: ChunkRecord[] = [];
  for await (const { chunk, pages } of readJobRows(job, { ...operator, jobs, rows })) {
    chunks.push(chunk);
    for await (const _ of pages);
  }
  expect(chunks.length).toBeGreaterThan(2);
  expect(most).toBe(underWay);
});
