import type { Session } from '../session.ts';
import { checks } from './checks.ts';
import { readFacts } from './read-facts.ts';
import { renderFindings } from './render-findings.ts';

/** Looks for settings of a deployment that endanger data, and for what waits for somebody. 1 when something endangers data. */
export const doctor = async ({ operator, output }: Session): Promise<number> => {
  output.note(`reading the settings of ${operator.stack.name} ...`);
  const facts = await readFacts(operator);
  const findings = checks.flatMap(({ run }) => run(facts));
  output.result(findings, renderFindings(operator.stack.name, findings));
  return findings.some(({ result }) => result === 'error') ? 1 : 0;
};
