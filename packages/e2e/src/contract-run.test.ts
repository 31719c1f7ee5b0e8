import { describe, expect, it } from 'vitest';
import { readReport } from './contract-run.ts';

const caseOf = (suite: string, status: string) => ({
  ancestorTitles: [suite, 'part'],
  fullName: `${suite} part`,
  status,
});

describe('a report of the contracts', () => {
  it('counts what passed by suite and names what did not, skipped cases too', () => {
    const results = [
      caseOf('a', 'passed'),
      caseOf('b', 'passed'),
      caseOf('a', 'passed'),
      caseOf('a', 'failed'),
      caseOf('b', 'skipped'),
    ];
    const { passed, failed } = readReport({ testResults: [{ assertionResults: results }] });
    expect([...passed]).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(failed).toEqual(['a part', 'b part']);
  });

  it('takes a file that could not be run as a failure', () => {
    expect(readReport({ testResults: [{ assertionResults: [], message: 'no endpoint' }] }).failed).toEqual([
      'no endpoint',
    ]);
  });
});
