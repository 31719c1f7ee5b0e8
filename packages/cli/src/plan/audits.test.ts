import { describe, expect, it } from 'vitest';
import { auditsAt, auditsOf } from './audits.ts';
import { flowOf } from './flow.ts';
import { loadOf } from './load.ts';
import { awsWiring, changePipeline, fileOf, settingsOf } from './plan-fixtures.ts';
import type { Model } from './rates.ts';

const modelOf = (rows: number, settings = settingsOf()): Model => ({ load: loadOf(fileOf(rows), settings), settings });

describe('the audits of a job', () => {
  it('complete a small one at the first turn of the schedule after its last row', () => {
    const model = modelOf(1_000);
    const flow = flowOf(model);
    const finished = flow.stages.get('finish-rows')?.endsAtSeconds ?? 0;
    expect(finished).toBeLessThan(20);
    const audits = auditsAt(model, flow, 30);
    expect(audits.passes).toBe(1);
    expect(audits.endsAtSeconds).toBeGreaterThan(30);
    expect(audits.endsAtSeconds).toBeLessThan(33);
  });

  it('begin again with a round in which a chunk was not through', () => {
    const model = modelOf(1_000);
    const flow = flowOf(model);
    // Planned by then, and not finished.
    const audits = auditsAt(model, flow, 3);
    expect(audits.passes).toBe(2);
    expect(audits.endsAtSeconds).toBeGreaterThan(63);
  });

  it('close 64 chunks a pass at most, so a file of thousands of them ends hours after its last row', () => {
    // 100 GB are 11,922 chunks of 8 MiB and a little.
    const model = modelOf(1_111_111_111);
    const flow = flowOf(model);
    const finished = flow.stages.get('finish-rows')?.endsAtSeconds ?? 0;
    const audits = auditsOf(model, flow);
    expect(audits.counts).toBeGreaterThanOrEqual(model.load.chunks);
    expect(audits.passes).toBeGreaterThanOrEqual(model.load.chunks / 64);
    expect(audits.endsAtSeconds).toBeGreaterThan(finished);
    expect(audits.endsAtSeconds).toBeLessThanOrEqual(finished + (2 * model.load.chunks * 60) / 64);
  });

  it('follow the last row at once where no schedule is waited for', () => {
    const settings = settingsOf({ wiring: changePipeline(awsWiring, { auditEverySeconds: 0 }) });
    const model = modelOf(10_000, settings);
    const flow = flowOf(model);
    const late = auditsOf(model, flow).endsAtSeconds - (flow.stages.get('finish-rows')?.endsAtSeconds ?? 0);
    expect(late).toBeGreaterThan(0);
    expect(late).toBeLessThan(3);
  });
});
