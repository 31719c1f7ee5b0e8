import { countOf, toTerminalText } from '../../terminal-text.ts';
import type { Finding } from './check.ts';

/** Most telling last: it is what stands above the prompt. */
const order: readonly Finding['result'][] = ['ok', 'not checked', 'note', 'warning', 'error'];

/** Subjects that are named. */
const subjectsMax = 8;

const say = (text: string): string => toTerminalText(text, 400);

const nameAll = (subjects: readonly string[]): string => {
  const named = subjects.slice(0, subjectsMax).map((subject) => say(subject));
  return `${named.join(', ')}${subjects.length > subjectsMax ? ` and ${subjects.length - subjectsMax} more` : ''}`;
};

/** Findings of one kind and one cause, told as one. */
const groupOf = (finding: Finding): string =>
  JSON.stringify([finding.id, finding.result, finding.found, finding.expected, finding.mend, finding.reason]);

const linesOf = (findings: readonly [Finding, ...Finding[]]): string[] => {
  const [{ id, result, title, found, expected, mend, reason, section }] = findings;
  const subjects = findings.map(({ subject }) => subject);
  const head = `  ${result.padEnd(11)}  ${id.padEnd(20)}`;
  if (result === 'ok') return [`${head}  ${title}`];
  if (result === 'not checked') return [`${head}  ${nameAll(subjects)}: ${say(reason ?? '')}`];
  return [
    `${head}  ${nameAll(subjects)}`,
    `               found     ${say(found ?? '')}`,
    `               expected  ${say(expected ?? '')}`,
    `               to do     ${say(mend ?? '')}`,
    `               see       docs/runbook.md, "${section}"`,
  ];
};

/** The findings for people: what is well in a line each, then what could not be checked, then what is wrong and what to do about it. */
export const renderFindings = (stackName: string, findings: readonly Finding[]): string[] => {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const key = groupOf(finding);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  // A check that not every thing passes is not told of as passed.
  const failed = new Set(findings.filter(({ result }) => result !== 'ok').map(({ id }) => id));
  const all = [...groups.values()].filter(([{ id, result }]) => result !== 'ok' || !failed.has(id));
  const count = (of: Finding['result']): number => all.filter(([{ result }]) => result === of).length;
  const counts = [
    countOf(count('error'), 'error'),
    countOf(count('warning'), 'warning'),
    countOf(count('note'), 'note'),
    `${count('not checked')} not checked`,
    `${count('ok')} ok`,
  ];
  return [
    ...order.flatMap((result) => {
      const told = all.filter(([first]) => first.result === result).flatMap(linesOf);
      return told.length === 0 ? [] : [...told, ''];
    }),
    `${say(stackName)}: ${counts.join(', ')}`,
  ];
};
