import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHealthyInspector } from '../operate/doctor/healthy-inspector.ts';
import { testStack } from '../operate/operate-harness.ts';
import { makeFolder } from '../run-harness.ts';
import { createTerminalHarness } from '../view/terminal-harness.ts';
import { type PlanFlags, type PlanJson, type PlanSession, planCarrying } from './plan-carrying.ts';

const never = new AbortController().signal;

const plan = async (path: string | undefined, flags: Partial<PlanFlags>, operator?: PlanSession['operator']) => {
  const { stream } = createTerminalHarness();
  Object.assign(stream, { isTTY: false });
  let result: { readonly value: unknown; readonly lines: readonly string[] } | undefined;
  const output: PlanSession['output'] = {
    isJson: false,
    result: (value, lines) => {
      result = { value: JSON.parse(JSON.stringify(value)), lines };
    },
    note: () => expect.fail('expected no note'),
  };
  await planCarrying(
    { output, signal: never, stdout: stream, stderr: stream, ...(operator === undefined ? {} : { operator }) },
    path,
    { header: true, design: 'sluice', force: false, quiet: true, ...flags },
  );
  if (result === undefined) throw new Error('expected a result, found none');
  return { json: result.value as PlanJson, lines: result.lines };
};

const csv = (): string => {
  const path = join(makeFolder(), 'a.csv');
  writeFileSync(path, `a,b\n${'1,2\n'.repeat(999)}1\n`);
  return path;
};

describe('sluice plan', () => {
  it('plans for rows that are given, and says what it assumed', async () => {
    const { json, lines } = await plan(undefined, { rows: 558_000 });
    expect(json).toMatchObject({
      design: 'sluice',
      file: { rows: 558_000, bytes: 50_220_000, columns: 8, acceptedShare: 1, known: 'given' },
      settings: { region: 'us-east-1', tableUnitsPerSecond: 4_000, writeUnitsPerSecond: 4_000 },
    });
    // Two writes of a row, at 4,000 a second.
    expect(json.seconds).toBeGreaterThan(279);
    expect(json.assumptions[0]).toBe('A row has 90 bytes, since --bytes does not say.');
    expect(lines[0]).toBe('Plan');
  });

  it('plans for a file as it is', async () => {
    const path = csv();
    const { json, lines } = await plan(path, {});
    expect(json.file).toEqual({ rows: 1_000, bytes: 4_002, columns: 2, acceptedShare: 0.999, known: 'counted' });
    expect(lines[0]).toBe(path);
    expect(lines[1]).toBe('  1,000 rows, 4.0 kB, 2 columns, 0.1 % rejected');
  });

  it('takes the settings of a deployment', async () => {
    const inspect = createHealthyInspector(testStack, {
      table: async () => ({
        status: 'ACTIVE',
        billing: 'PAY_PER_REQUEST',
        isProtected: true,
        indexes: {},
        warmWriteUnitsPerSecond: 24_000,
      }),
    });
    const { json } = await plan(undefined, { rows: 1_000 }, { inspect, stack: testStack });
    expect(json.settings).toMatchObject({ region: 'eu-central-1', tableUnitsPerSecond: 24_000 });
  });

  it("shows the article's design beside ours", async () => {
    const ours = await plan(undefined, { rows: 100_000 });
    const { json, lines } = await plan(undefined, { rows: 100_000, design: 'article' });
    expect(json).toMatchObject({
      design: 'article',
      comparison: {
        sluice: { seconds: ours.json.seconds, dollars: ours.json.dollars },
        article: { seconds: json.seconds, dollars: json.dollars },
      },
    });
    expect(json.seconds).toBeGreaterThan(ours.json.seconds);
    expect(lines.join('\n')).toMatch(/The article's design: .* Sluice: .* times the time and .* times the cost\./);
    expect(ours.json).not.toHaveProperty('comparison');
  });

  it('writes a chart, and replaces none unless it is told to', async () => {
    const chart = join(makeFolder(), 'plan.svg');
    await plan(undefined, { rows: 1_000, chart });
    expect(readFileSync(chart, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    writeFileSync(chart, 'mine');
    await expect(plan(undefined, { rows: 1_000, chart })).rejects.toThrow('--chart: expected a new file, found one at');
    expect(readFileSync(chart, 'utf8')).toBe('mine');
    await plan(undefined, { rows: 1_000, chart, force: true });
    expect(readFileSync(chart, 'utf8')).toMatch(/^<svg /);
    expect(existsSync(`${chart}.tmp`)).toBe(false);
  });

  it.each<[string, string | undefined, Partial<PlanFlags>]>([
    ['expected a FILE to look at, or --rows N (such as --rows 558k), found neither', undefined, {}],
    ['expected a FILE or --rows, found both: a file tells of itself', 'a.csv', { rows: 5 }],
    ['expected a FILE or --columns, found both: a file tells of itself', 'a.csv', { columns: 5 }],
    ['--schema: expected a FILE with it, found none', undefined, { rows: 5, schema: 's.json' }],
    ['--region: expected one of us-east-1, ', undefined, { rows: 5, region: 'mars' }],
    ['expected a CSV file, found nothing at none.csv', 'none.csv', {}],
    ['--chart: expected a file in a folder that is there', undefined, { rows: 5, chart: 'none/there.svg' }],
  ])('refuses in one line: %s', async (message, path, flags) => {
    await expect(plan(path, flags)).rejects.toThrow(message);
  });

  it('refuses a file without rows', async () => {
    const path = join(makeFolder(), 'empty.csv');
    writeFileSync(path, 'a,b\n');
    await expect(plan(path, {})).rejects.toThrow('expected a file with rows to plan for, found one without');
  });
});
