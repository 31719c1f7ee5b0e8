import { describeError } from '@sluice/core/errors';
import type { JobStore } from '@sluice/core/ports/job-store';
import { queueNames } from '@sluice/core/ports/queue';
import { parseWiring, stageNames } from '@sluice/core/wiring';
import wiringJson from '../../../../../infra/wiring.json' with { type: 'json' };
import type { Operator } from '../operator.ts';
import { bucketNames, type Fact, type Facts, type OpenJob, scheduleNames, tableNames } from './facts.ts';

/** Calls at once: the services' own limits on reading settings are from 5 a second (SNS, Lambda's account) on. */
const readsAtOnce = 6;
/** What a service refused has an HTTP status. Source: core/aws/service-error.ts. */
const answer = / with status \d{3}$/;
/** Open jobs that are looked at; each is a read of an item. */
const openJobsMax = 300;

/** Lets `limit` calls run at once, in the order they come in. */
const createGate = (limit: number) => {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <Value>(call: () => Promise<Value>): Promise<Value> => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
};

/** A call's outcome as a fact: undefined is absent, a failure unread. Never rejects. */
const toFact = async <Value>(call: () => Promise<Value | undefined>): Promise<Fact<Value>> => {
  try {
    const value = await call();
    return value === undefined ? { kind: 'absent' } : { kind: 'read', value };
  } catch (thrown) {
    return { kind: 'unread', reason: describeError(thrown).message };
  }
};

const byName = async <Name extends string, Value>(
  names: readonly Name[],
  of: (name: Name) => Promise<Value>,
): Promise<Readonly<Record<Name, Value>>> =>
  Object.fromEntries(await Promise.all(names.map(async (name) => [name, await of(name)] as const))) as Readonly<
    Record<Name, Value>
  >;

const readOpenJobs = async (jobs: Pick<JobStore, 'listDueJobs' | 'getJob'>) => {
  const open: OpenJob[] = [];
  // Whatever is open is due by then.
  for await (const page of jobs.listDueJobs(Number.MAX_SAFE_INTEGER)) {
    for (const jobId of page) {
      if (open.length >= openJobsMax) return { jobs: open, isCut: true };
      const job = await jobs.getJob(jobId);
      if (job !== undefined) open.push({ jobId, state: job.state, auditAt: job.auditAt });
    }
  }
  return { jobs: open, isCut: false };
};

/** Reads everything that the checks look at, a few calls at once. What cannot be read is said so in its fact; never rejects. */
export const readFacts = async ({ stack, inspect, jobs, clock }: Operator): Promise<Facts> => {
  const first = await toFact(() => inspect.queue(stack.queueUrls.uploads));
  // Where nobody answers, each further call would take its time-outs anew.
  const away = first.kind === 'unread' && !answer.test(first.reason) ? first : undefined;
  const gate = createGate(readsAtOnce);
  const read = async <Value>(call: () => Promise<Value | undefined>): Promise<Fact<Value>> =>
    away ?? gate(() => toFact(call));
  const buckets = { inbox: stack.inboxBucket, work: stack.workBucket };
  const tables = { rows: stack.rowsTable, jobs: stack.jobsTable };
  const { alarmNames } = stack;

  const alarms: Promise<Facts['alarms']> =
    alarmNames.length > 0
      ? read(() => inspect.alarms(alarmNames))
      : Promise.resolve({ kind: 'unread', reason: 'the deployment names no alarms' });
  const subscriptions = alarms.then((found) => {
    const actions = found.kind === 'read' ? found.value.flatMap((alarm) => alarm.actions) : [];
    const topicArn = stack.alarmTopicArn ?? actions[0];
    return topicArn === undefined
      ? ({ kind: 'unread', reason: 'no topic of alarms is known' } as const)
      : read(() => inspect.subscriptions(topicArn));
  });
  const [
    queues,
    deadLetterQueues,
    functions,
    reserved,
    mappings,
    concurrency,
    tableSettings,
    recovery,
    versioning,
    publicAccess,
    notifications,
    schedules,
    openJobs,
  ] = await Promise.all([
    byName(queueNames, (name) => read(() => inspect.queue(stack.queueUrls[name]))),
    byName(queueNames, (name) => read(() => inspect.queue(stack.deadLetterQueueUrls[name]))),
    byName(stageNames, (name) => read(() => inspect.function(stack.functionNames[name]))),
    byName(stageNames, (name) => read(() => inspect.reserved(stack.functionNames[name]))),
    byName(stageNames, (name) => read(() => inspect.mappings(stack.functionNames[name]))),
    read(() => inspect.concurrency()),
    byName(tableNames, (name) => read(() => inspect.table(tables[name]))),
    byName(tableNames, (name) => read(() => inspect.recovery(tables[name]))),
    byName(bucketNames, (name) => read(() => inspect.versioning(buckets[name]))),
    byName(bucketNames, (name) => read(() => inspect.blocksPublicAccess(buckets[name]))),
    read(() => inspect.notifications(stack.inboxBucket)),
    byName(scheduleNames, (name) => read(() => inspect.schedule(`${stack.name}-${name}`))),
    read(() => readOpenJobs(jobs)),
  ]);
  const clockDifference = inspect.clockDifference();
  return {
    stack,
    wiring: parseWiring(wiringJson, 'aws'),
    now: clock.now(),
    queues,
    deadLetterQueues,
    functions,
    reserved,
    mappings,
    concurrency,
    tables: tableSettings,
    recovery,
    versioning,
    publicAccess,
    notifications,
    alarms: await alarms,
    subscriptions: await subscriptions,
    schedules,
    openJobs,
    clockDifference:
      clockDifference === undefined
        ? { kind: 'unread', reason: 'no answer bore a date' }
        : { kind: 'read', value: clockDifference },
  };
};
