import { describe, expect, it } from 'vitest';
import { createStyle } from '../view/style.ts';
import { createTerminalHarness } from '../view/terminal-harness.ts';
import { textWidth } from '../view/text-width.ts';
import { costsByService, type PlanView, planLines } from './render-plan.ts';
import { samplePlan } from './sample-plan.ts';

const { stream } = createTerminalHarness();
const style = createStyle(Object.assign(stream, { isTTY: false }));
const render = (view: Partial<PlanView> = {}, changes: Parameters<typeof samplePlan>[0] = {}) =>
  planLines(samplePlan(changes), { design: 'sluice', ...view }, style);

describe('a plan', () => {
  it('reads well on a terminal of 80 cells', () => {
    expect(render({ width: 80, name: 'a\u001b.csv' })).toEqual([
      'a\\u{1b}.csv',
      '  558,000 rows, 50.2 MB, 8 columns, 0.1 % rejected',
      '  us-east-1, prices as of 2026-11',
      '',
      '  COMPLETE after 5 min 20 s   1,744 rows/s   $0.72, $1.29 per million rows',
      '',
      '  stage         0 s           5 min 20 s          to  rows/s  held back by',
      '  split-file    █·······················       4.3 s   2,000  reading',
      '  clean-rows    █·······················        10 s   2,000  vCPU',
      '  store-rows    █████████████████████···  4 min 42 s   2,000  write budget',
      '  relay-rows    █████████████████████···  4 min 44 s   2,000  what comes in',
      '  process-rows  █████████████████████···  4 min 45 s   2,000  what comes in',
      '  finish-rows   ██████████████████████··  4 min 50 s   2,000  write budget',
      '  audit-job     ····████████████████████  5 min 20 s       -  schedule',
      '',
      '  Bottleneck: store-rows writes 2,000 rows a second, its half of the write',
      '  budget of 4,000 write units a second.',
      '',
      '  cost',
      '  service      cost  for',
      '  DynamoDB    $0.70  rows stored and finished, ledger',
      '  Lambda     $0.016  time',
      '  SQS       $0.0040  requests',
      '  together $0.72, $1.29 per million rows',
      '',
      '  to change',
      '    Warm the table to 40,000 write units a second, and let the stages use them',
      '      saves 4 min 16 s, then 1 min 4 s; costs the same, and $23.40 once',
      '      aws dynamodb update-table --table-name sluice-prod-rows --warm-throughput',
      '      WriteUnitsPerSecond=40000; write_units_per_second = 40000',
      '    Half the memory of process-rows',
      '      takes 1 s more, then 5 min 21 s; costs $0.0020 less',
      '      stages.process-rows.memoryMegabytes in infra/wiring.json',
      '',
      '  warnings',
      '    The stages can use 181 functions at once, of 100 that the account lets run.',
      '',
      '  assumed',
      '    Every row is as large as the average one.',
      '    No row is tried twice.',
    ]);
  });

  it.each([40, 60, 80, 120])('fits a terminal of %d cells', (width) => {
    const comparison = { sluice: { seconds: 320, dollars: 0.7 }, article: { seconds: 1_000, dollars: 3 } };
    const lines = render({ width, design: 'article', comparison });
    // A word that is longer than a line stays whole: somebody copies it.
    const tooLong = lines.filter((line) => textWidth(line) > width && line.trim().includes(' '));
    expect(tooLong).toEqual([]);
  });

  it('has numbers for bars and unbroken lines elsewhere', () => {
    const lines = render();
    expect(lines.slice(6, 9)).toEqual([
      '  stage          from          to  rows/s  at once  held back by',
      '  split-file      1 s       4.3 s   2,000        8  reading',
      '  clean-rows      2 s        10 s   2,000        8  vCPU',
    ]);
    expect(lines).toContain(
      '  Bottleneck: store-rows writes 2,000 rows a second, its half of the write budget of 4,000 write units a second.',
    );
  });

  it('says that a file was sampled, and leaves out what there is nothing of', () => {
    const file = { rows: 1, bytes: 999, columns: 1, acceptedShare: 1, known: 'sampled' } as const;
    const lines = render({}, { file, changes: [], warnings: [], assumptions: [] });
    expect(lines[1]).toBe('  about 1 row, 999 bytes, 1 column');
    expect(lines.filter((line) => /to change|warnings|assumed/.test(line))).toEqual([]);
  });

  it('holds the two designs against each other', () => {
    const comparison = { sluice: { seconds: 320, dollars: 0.7 }, article: { seconds: 1_000, dollars: 3 } };
    const lines = render({ design: 'article', comparison });
    expect(lines[0]).toBe("The article's design");
    expect(lines).toContain(
      "  The article's design: 16 min, $3.00. Sluice: 5 min 20 s, $0.70. That is 3.1 times the time and 4.3 times the cost.",
    );
  });
});

describe('costsByService', () => {
  it('sums by service, the dearest first', () => {
    expect(costsByService(samplePlan().cost)).toEqual([
      { service: 'DynamoDB', dollars: expect.closeTo(0.697_06, 8), what: 'rows stored and finished, ledger' },
      { service: 'Lambda', dollars: 0.016, what: 'time' },
      { service: 'SQS', dollars: 0.004, what: 'requests' },
    ]);
  });
});
