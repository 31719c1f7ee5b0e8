import { SluiceError } from '@sluice/core/errors';
import type { Session } from '../session.ts';
import type { Finding } from './check.ts';
import { checks } from './checks.ts';
import { readFacts } from './read-facts.ts';
import { renderFindings } from './render-findings.ts';

/**
 * Looks for settings of a deployment that endanger data, and for what waits for somebody. 1 when something endangers data, or when
 * it could not be read whether it does. Throws SluiceError when nothing could be read at all.
 */
export const doctor = async ({ operator, output }: Session): Promise<number> => {
  output.note(`reading the settings of ${operator.stack.name} ...`);
  const facts = await readFacts(operator);
  const made = checks.map(({ severity, run }) => ({ severity, findings: run(facts) }));
  const findings = made.flatMap((check) => check.findings);
  const [first] = findings;
  // A refusal tells the time, too.
  const isBare = ({ id, result }: Finding): boolean => result === 'not checked' || (id === 'clock' && result === 'ok');
  if (first?.reason !== undefined && findings.every(isBare)) {
    throw new SluiceError('UNKNOWN', first.reason);
  }
  output.result(findings, renderFindings(operator.stack.name, findings));
  if (findings.some(({ result }) => result === 'error')) return 1;
  const isBlind = made.some(
    (check) => check.severity === 'error' && check.findings.some(({ result }) => result === 'not checked'),
  );
  if (isBlind) output.note('what endangers data was not all looked for: see what is not checked');
  return isBlind ? 1 : 0;
};
