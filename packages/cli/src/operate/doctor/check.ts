import type { Fact, Facts } from './facts.ts';

/** error: endangers data; warning: harms, or harms once something else happens; note: good to know. */
export type Severity = 'error' | 'warning' | 'note';

/** What is wrong with one thing. */
export type Fault = {
  /** The check's own when it is not given. */
  readonly severity?: Severity;
  readonly found: string;
  readonly expected: string;
  /** What to type, or to do. */
  readonly mend: string;
};

/** What a check came to for one thing. */
export type Finding = {
  readonly id: string;
  readonly title: string;
  readonly subject: string;
  readonly result: 'ok' | Severity | 'not checked';
  readonly found?: string;
  readonly expected?: string;
  readonly mend?: string;
  /** Why it could not be checked. */
  readonly reason?: string;
  /** Section of docs/runbook.md. */
  readonly section: string;
};

/** A check: pure over what was read. */
export type Check = {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly section: string;
  readonly run: (facts: Facts) => readonly Finding[];
};

/** The section of the runbook on settings that an alarm knows nothing of. */
export const settingsSection = 'Settings that endanger data';

/** What mends a setting that Terraform made otherwise. */
export const applyAgain = 'infra/with-terraform -chdir=infra apply';

/** A thing by its name in the deployment, and what was read of it. */
export type Looked<Value> = readonly (readonly [subject: string, fact: Fact<Value>])[];

/**
 * A check of every thing of a kind. `judge` is asked about what was read only; what could not be read is never a pass, and what
 * does not exist is for another check to complain of.
 */
export const createCheck = <Value>({
  of,
  judge,
  ...about
}: Omit<Check, 'run'> & {
  readonly of: (facts: Facts) => Looked<Value>;
  readonly judge: (value: Value, facts: Facts) => Fault | undefined;
}): Check => ({
  ...about,
  run: (facts) =>
    of(facts).map(([subject, fact]): Finding => {
      const { id, title, section, severity } = about;
      const common = { id, title, subject, section };
      if (fact.kind === 'absent') return { ...common, result: 'not checked', reason: 'it does not exist' };
      if (fact.kind === 'unread') return { ...common, result: 'not checked', reason: fact.reason };
      const fault = judge(fact.value, facts);
      return fault === undefined ? { ...common, result: 'ok' } : { ...common, result: severity, ...dropNone(fault) };
    }),
});

const dropNone = ({ severity, ...fault }: Fault) => (severity === undefined ? fault : { ...fault, result: severity });

/** A check that things exist: the only one that an absent thing fails. */
export const createExistenceCheck = ({
  of,
  mend = applyAgain,
  ...about
}: Omit<Check, 'run'> & { readonly of: (facts: Facts) => Looked<unknown>; readonly mend?: string }): Check =>
  createCheck<boolean>({
    ...about,
    of: (facts) =>
      of(facts).map(([subject, fact]) => [
        subject,
        fact.kind === 'unread' ? fact : { kind: 'read', value: fact.kind === 'read' },
      ]),
    judge: (exists) => (exists ? undefined : { found: 'nothing of that name', expected: 'what Terraform made', mend }),
  });
