import { createHash } from 'node:crypto';
import { cancelledReason } from '@sluice/core/ledger';
import { searchBody, serialiseRepair, sweepBody } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import { jobStates, terminalStates } from '@sluice/core/ports/job-store';
import type { ObjectVersion } from '@sluice/core/ports/object-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { batchEntriesMax, queueNames } from '@sluice/core/ports/queue';
import { stageNames } from '@sluice/core/wiring';
import type { LocalDatabase } from '@sluice/local-cloud/database';
import { openDatabase } from '@sluice/local-cloud/database';
import { createLocalCloud } from '@sluice/local-cloud/local-cloud';
import { createAuditors } from './auditors/auditors.ts';
import { createBadRows } from './bad-rows.ts';
import { unlimited } from './capacity.ts';
import { disturb } from './disturbance.ts';
import { describeFaults } from './draw-faults.ts';
import type { Expected } from './expected-rows.ts';
import { expectFile } from './expected-rows.ts';
import type { Actor, Fact } from './facts.ts';
import { Violation } from './facts.ts';
import type { FaultClass } from './fault-classes.ts';
import { faultClasses } from './fault-classes.ts';
import { createFunctions, inboxBucket, workBucket } from './functions.ts';
import { createDraws } from './random.ts';
import type { Scenario, ScenarioName } from './scenario.ts';
import { drawScenario } from './scenario.ts';
import { createScheduler } from './scheduler.ts';
import { sealed } from './trap.ts';
import { createUserCode, prospectOf } from './user-code.ts';
import { createVersionedObjects } from './versioned-objects.ts';
import type { Knobs } from './workload.ts';
import type { Hits, Kill, World } from './world.ts';

/** What one simulation came to. */
export type Outcome = {
  readonly seed: number;
  readonly knobs: Knobs;
  readonly violation?: { readonly invariant: string; readonly message: string };
  /** Of the whole trace: the same seed and knobs have the same. */
  readonly digest: string;
  readonly virtualMilliseconds: number;
  readonly calls: number;
  readonly rows: number;
  readonly hits: Hits;
  /** What was drawn, one line each. */
  readonly faults: readonly string[];
  /** The last lines of the trace. */
  readonly trace: readonly string[];
};

export type SimulateOptions = { readonly scenario?: ScenarioName; readonly kills?: readonly Kill[] };

/** 1 January 2026. */
const startAt = 1_767_225_600_000;
/** After everything is healed, every job has to have ended within this time. */
const livenessMilliseconds = 48 * 3600_000;
/** How often the operator looks after things then. */
const operatorMilliseconds = 20 * 60_000;
const searchMilliseconds = 3600_000;
/** What rows travel on. What is lost here an audit finds; nobody but S3 can tell of an upload again. */
const queuesOfRows: readonly QueueName[] = ['chunks', 'rows', 'work', 'finished'];
const traceLinesMax = 80;
const disturbanceLimits = { lateSeconds: 1_800, duplicateSeconds: 7_200, visibleSeconds: 10 };
/** Longest way of a call, in milliseconds: mostly, and of the few that take long. */
const wayMilliseconds = 20;
const longWayMilliseconds = 3_000;
const longWays = 0.03;
/** How long rows of a job that was called off may still be called for, beside the time of an invocation and of a call. */
const calledOffMilliseconds = 10_000;

/**
 * Runs one simulation: everything the seed draws goes wrong for a while, then all is healed and has to converge. Returns what came
 * of it; a violation of an invariant ends it at once. Throws only for what no simulation may do (Escaped).
 */
export const simulate = async (seed: number, knobs: Knobs = {}, options: SimulateOptions = {}): Promise<Outcome> => {
  const database = openDatabase(':memory:');
  try {
    return await sealed(() => simulateSealed(seed, knobs, options, database));
  } finally {
    database.close();
  }
};

const simulateSealed = async (
  seed: number,
  knobs: Knobs,
  options: SimulateOptions,
  database: LocalDatabase,
): Promise<Outcome> => {
  const scenario = drawScenario(seed, knobs, options.scenario ?? 'swarm');
  const simulation = createSimulation(seed, scenario, options.kills ?? [], database);
  let violation: Violation | undefined;
  try {
    await simulation.run();
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    violation = thrown;
  } finally {
    simulation.close();
  }
  return {
    seed,
    knobs,
    ...(violation === undefined ? {} : { violation: { invariant: violation.invariant, message: violation.message } }),
    ...simulation.figures(),
    faults: describeFaults(scenario.rates),
  };
};

const createSimulation = (seed: number, scenario: Scenario, kills: readonly Kill[], database: LocalDatabase) => {
  const { workload, wiring, isVersioned } = scenario;
  const schedule = createDraws(seed, 'schedule');
  const faults = createDraws(seed, 'faults');
  const scheduler = createScheduler(createDraws(seed, 'ties'), startAt);
  const digest = createHash('sha256');
  const trace: string[] = [];
  const hits: Hits = {};
  let calls = 0;
  let strikes = 0;
  let sendStrikes = 0;
  let isHealed = false;
  let healedAt = Number.POSITIVE_INFINITY;
  /** An operator takes messages off a queue that nobody has handled. */
  let isPurging = false;
  let actor: Actor = { stage: 'service', invocation: '' };
  let violation: unknown;

  const none = Object.fromEntries(faultClasses.map((fault) => [fault, 0])) as Scenario['rates'];
  const hit: World['hit'] = (fault, stage) => {
    strikes++;
    if (fault.startsWith('send-')) sendStrikes++;
    const byStage = hits[fault] ?? {};
    hits[fault] = byStage;
    byStage[stage] = (byStage[stage] ?? 0) + 1;
  };
  const world: World = {
    scheduler,
    schedule,
    faults,
    way: () => schedule.next() * (schedule.happens(longWays) ? longWayMilliseconds : wayMilliseconds),
    rates: () => (isHealed ? none : scenario.rates),
    hit,
    strikes(fault, stage) {
      if (isHealed || !faults.happens(scenario.rates[fault])) return false;
      hit(fault, stage);
      return true;
    },
    tell(fact) {
      if (violation !== undefined) return;
      try {
        take({ at: scheduler.now(), by: actor, ...fact } as Fact);
      } catch (thrown) {
        violation = thrown;
      }
    },
    actAs(who, effect) {
      const before = actor;
      actor = who;
      try {
        return effect();
      } finally {
        actor = before;
      }
    },
    trace(line) {
      const text = `${((scheduler.now() - startAt) / 1000).toFixed(3)} ${line}`;
      digest.update(text);
      if (trace.push(text) > 2 * traceLinesMax) trace.splice(0, traceLinesMax);
    },
    countCall() {
      calls++;
      const kill = kills.find(({ call }) => call === calls);
      if (kill !== undefined) strikes++;
      return kill?.phase;
    },
  };

  // What the user and the operator see from outside.
  const jobs = new Map<string, Job>();
  const versions = new Map<string, { readonly version: ObjectVersion; readonly bytes: Buffer; isTaken: boolean }>();
  let uploadsToCome = workload.uploads.length;
  const keyOf = ({ key, versionId, etag }: ObjectVersion): string => `${versionId ?? etag} ${key}`;

  const expectations = new Map<string, Expected>();
  const expect = (version: ObjectVersion, bytes: Buffer): Expected => {
    const found = expectations.get(keyOf(version)) ?? expectFile(bytes, version.key, workload.profiles);
    expectations.set(keyOf(version), found);
    return found;
  };

  const auditors = createAuditors({
    buckets: { inbox: inboxBucket, work: workBucket },
    expect,
    isVersioned,
    bounds: {
      faultsSoFar: () => strikes,
      sendFaultsSoFar: () => sendStrikes,
      // A job that cannot be looked up goes on.
      callsUntil: (cancelledAt) =>
        Math.max(cancelledAt, scenario.rates['read-failed'] > 0 ? healedAt : 0) +
        calledOffMilliseconds +
        longWayMilliseconds +
        wiring.stages['process-rows'].timeoutSeconds * 1000,
    },
  });
  const badRows = createBadRows((rowId) => prospectOf(seed, scenario.rates, rowId));
  const take = (fact: Fact): void => {
    if (scenario.hasBadRows && !isHealed) badRows.watch(fact);
    if (fact.kind === 'job created' && fact.isNew) {
      jobs.set(fact.job.jobId, fact.job);
      const file = versions.get(keyOf(fact.job.file));
      if (file !== undefined) file.isTaken = true;
    }
    if (fact.kind === 'job changed') jobs.set(fact.after.jobId, fact.after);
    if (scenario.isUnattended && (fact.kind === 'marked' || fact.kind === 'set aside')) {
      throw new Violation('liveness', `expected nothing dead, found something ${fact.kind} by ${fact.by.stage}`);
    }
    auditors.watch(fact);
  };

  const objects = createVersionedObjects({ isVersioned, now: () => scheduler.now() });
  const isOwn = (name: string): name is QueueName => !name.endsWith('-dlq');
  const idsOf = (messages: readonly { readonly id: string }[]): string[] => messages.map(({ id }) => id);
  const cloud = createLocalCloud({
    wiring,
    clock: scheduler,
    database,
    buckets: {},
    objects,
    shards: scenario.shards,
    defer: (next) => void scheduler.after(0, next),
    stopwatch: () => 0,
    ...disturb(world, disturbanceLimits),
    watch: {
      sent(queue, messages) {
        if (!isOwn(queue)) return;
        const bodies = messages.map(({ body }) => body);
        world.tell({ kind: 'sent', queue, messageIds: idsOf(messages), bodies });
      },
      received(queue, messages) {
        if (isOwn(queue) && !isPurging) world.tell({ kind: 'received', queue, messageIds: idsOf(messages) });
      },
      deleted(queue, { id, body }) {
        if (isOwn(queue) && !isPurging) world.tell({ kind: 'deleted', queue, messageId: id, body });
      },
      setAside(queue, { id, body }) {
        if (!isOwn(queue)) return;
        world.trace(`${queue} sets ${id} aside`);
        world.tell({ kind: 'set aside', queue, messageId: id, body });
      },
    },
    passed(changes) {
      const rows = changes.filter(({ eventName }) => eventName === 'INSERT');
      if (rows.length > 0) world.tell({ kind: 'passed', rows });
    },
  });
  const userCode = createUserCode(seed, scenario.rates, {
    called: (jobId, row, attempt) => world.tell({ kind: 'processed', jobId, row, attempt }),
    hit,
  });
  let capacity = scenario.capacity(scheduler);
  const functions = createFunctions({
    world,
    wiring,
    workload,
    userCode,
    services: cloud.services,
    capacity: () => capacity,
  });
  for (const stage of stageNames) cloud.attach(stage, functions.functionOf(stage));

  const runner = cloud.services;
  const send = (queue: QueueName, body: string, stage: 'service' | 'operator' = 'service'): void => {
    void world.actAs({ stage, invocation: '' }, () => runner.queues[queue].sendBatch([{ id: '0', body }]));
  };

  const notify = ({ bucket, key, etag, versionId }: ObjectVersion, size: number): void => {
    if (world.strikes('event-lost', 'service')) return;
    const object = {
      key: encodeURIComponent(key).replaceAll('%20', '+'),
      size,
      eTag: etag,
      ...(versionId === undefined ? {} : { versionId }),
    };
    const record = { eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', s3: { bucket: { name: bucket }, object } };
    const body = JSON.stringify({ Records: [record] });
    const late = world.strikes('event-delayed', 'service') ? faults.next() * 3600_000 : 0;
    scheduler.after(late, () => send('uploads', body));
    if (world.strikes('event-duplicated', 'service')) {
      scheduler.after(late + faults.next() ** 2 * 7200_000, () => send('uploads', body));
    }
  };

  const put = (key: string, bytes: Buffer, events: number): void => {
    const version = objects.upload(inboxBucket, key, bytes, scheduler.now());
    world.trace(`upload of ${bytes.length} bytes as ${version.versionId ?? version.etag}`);
    const known = versions.get(keyOf(version));
    if (known === undefined) versions.set(keyOf(version), { version, bytes, isTaken: false });
    world.tell({ kind: 'uploaded', version, bytes });
    for (let event = 0; event < events; event++) notify(version, bytes.length);
  };

  const bring = ({ key, bytes, events }: Scenario['workload']['uploads'][number]): void => {
    uploadsToCome--;
    if (events > 1) hit('file-twice', 'service');
    if (scenario.rates['csv-dirty'] > 0) hit('csv-dirty', 'service');
    const others = [...versions.values()].filter(({ version }) => version.key === key);
    if (others.some((other) => !other.bytes.equals(bytes))) hit('key-reused', 'service');
    put(key, bytes, events);
    if (world.strikes('object-overwritten', 'service')) {
      scheduler.after(faults.next() ** 2 * 600_000, () => put(key, Buffer.concat([bytes, bytes.subarray(-20)]), 1));
    }
    if (world.strikes('object-deleted', 'service')) {
      scheduler.after(faults.next() ** 2 * 600_000, () => {
        if (objects.delete(inboxBucket, key)) world.tell({ kind: 'object deleted', bucket: inboxBucket, key });
      });
    }
  };

  /** Strikes again and again, every few minutes to hours of the time that things go wrong. */
  const campaign = (fault: FaultClass, strike: () => void): void => {
    const rate = scenario.rates[fault];
    if (rate === 0) return;
    const next = (): void => {
      scheduler.after(((faults.next() * 2 * scenario.unrestMilliseconds) / 8) * (1 - rate / 2), () => {
        if (isHealed) return;
        hit(fault, 'service');
        strike();
        next();
      });
    };
    next();
  };

  const redrive = (queue: QueueName): void => {
    const moved = cloud.redrive(queue);
    if (moved > 0) world.trace(`redrive of ${moved} to ${queue}`);
  };

  const callOff = async (jobId: string): Promise<void> => {
    const before = await runner.jobs.getJob(jobId);
    const states = jobStates.filter((state) => !terminalStates.includes(state));
    const change = { state: 'REFUSED', reason: cancelledReason, auditAt: scheduler.now() } as const;
    if (before === undefined || !(await runner.jobs.changeJob(jobId, states, change))) return;
    const after = (await runner.jobs.getJob(jobId)) as Job;
    world.trace(`${jobId} is called off`);
    world.actAs({ stage: 'operator', invocation: '' }, () => world.tell({ kind: 'job changed', before, after }));
  };

  const plague = (): void => {
    campaign('mapping-off', () => {
      const stage = faults.happens(0.6) ? 'relay-rows' : faults.pick(stageNames);
      world.trace(`mapping of ${stage} off`);
      cloud.pause(stage);
      scheduler.after(faults.next() ** 2 * 6 * 3600_000, () => cloud.resume(stage));
    });
    campaign('stream-redelivered', () => faults.pick(cloud.stream.shards).rewind(faults.whole(1, 100)));
    campaign('shard-split', () => {
      if (cloud.stream.shards.length < 16) cloud.stream.split(faults.pick(cloud.stream.shards));
    });
    campaign('deploy', functions.deploy);
    campaign('redrive-early', () => {
      const queue = faults.pick(queueNames);
      redrive(queue);
      scheduler.after(faults.next() * 1000, () => redrive(queue));
      // Whoever redrives in haste asks for a repair, too.
      if (jobs.size > 0) send('audits', serialiseRepair(faults.pick([...jobs.keys()])), 'operator');
    });
    campaign('messages-lost', () => {
      const name = faults.pick(queuesOfRows);
      const queue = faults.happens(0.5) ? cloud.queue(name) : cloud.deadLetters(name);
      isPurging = true;
      const handles = queue.receive(batchEntriesMax).map(({ receiptHandle }) => receiptHandle);
      queue.delete(handles);
      isPurging = false;
      if (handles.length > 0) world.trace(`${handles.length} of ${queue.name} are lost`);
    });
    campaign('processor-outage', () => {
      world.trace('outage of the processor');
      userCode.setOutage(true);
      scheduler.after(faults.next() ** 2 * 6 * 3600_000, () => userCode.setOutage(false));
    });
    // Once: what goes wrong is to meet jobs that go on.
    if (scenario.rates['job-cancelled'] > 0) {
      scheduler.after(faults.next() ** 2 * scenario.unrestMilliseconds, () => {
        const going = [...jobs.values()].filter(({ state }) => !terminalStates.includes(state));
        if (going.length > 0 && world.strikes('job-cancelled', 'service')) void callOff(faults.pick(going).jobId);
      });
    }
  };

  const sweep = (): void => {
    send('audits', sweepBody);
    scheduler.after(scenario.sweepMilliseconds, sweep);
  };

  const search = (): void => {
    send('audits', searchBody);
    scheduler.after(searchMilliseconds, search);
  };

  const isEnded = ({ state, announcedAt }: Job): boolean => terminalStates.includes(state) && announcedAt !== undefined;

  const isAtRest = (): boolean => {
    if (violation !== undefined) return true;
    if (uploadsToCome > 0) return false;
    for (const job of jobs.values()) if (!isEnded(job)) return false;
    for (const { version, bytes, isTaken } of versions.values()) {
      // Of one whose event was lost before it was replaced nobody can know any more.
      const isThere = objects.bytesOf(version) !== undefined;
      if (!isTaken && isThere && expect(version, bytes).ends !== 'ignored') return false;
    }
    for (const name of queueNames) {
      if (cloud.queue(name).size().messages > 0 || cloud.deadLetters(name).size().messages > 0) return false;
    }
    return cloud.stream.shards.every((shard) => shard.waiting() === 0);
  };

  const runUntil = async (until: number): Promise<void> => {
    await scheduler.run(until, isAtRest);
    if (violation !== undefined) throw violation;
  };

  const heal = (): void => {
    isHealed = true;
    healedAt = scheduler.now();
    world.trace('all is healed');
    for (const stage of stageNames) cloud.resume(stage);
    userCode.heal();
    capacity = unlimited;
  };

  /** What an operator does who finds something waiting. */
  const operate = (): void => {
    if (scenario.isUnattended) return;
    for (const queue of queueNames) redrive(queue);
    for (const { jobId, state } of jobs.values()) {
      if (state === 'HELD' || state === 'STALLED') send('audits', serialiseRepair(jobId), 'operator');
    }
  };

  const complain = (): never => {
    const waiting = queueNames
      .map((name) => [name, cloud.queue(name).size().messages, cloud.deadLetters(name).size().messages] as const)
      .filter(([, messages, dead]) => messages + dead > 0)
      .map(([name, messages, dead]) => `${name} ${messages}+${dead}`);
    const open = [...jobs.values()].filter((job) => !isEnded(job)).map(({ jobId, state }) => `${jobId} ${state}`);
    throw new Violation(
      'liveness',
      `expected every job to end within ${livenessMilliseconds / 3600_000} h of the last fault, found ${[...open, ...waiting].join(', ')}`,
    );
  };

  return {
    async run(): Promise<void> {
      for (const upload of workload.uploads) scheduler.after(upload.atSeconds * 1000, () => bring(upload));
      scheduler.after(scenario.sweepMilliseconds, sweep);
      scheduler.after(searchMilliseconds, search);
      plague();
      if (scenario.outageMilliseconds > 0) {
        userCode.setOutage(true);
        scheduler.after(scenario.outageMilliseconds, () => userCode.setOutage(false));
      }
      await runUntil(startAt + scenario.unrestMilliseconds);
      if (scenario.hasBadRows) badRows.check();
      heal();
      const until = scheduler.now() + livenessMilliseconds;
      while (!isAtRest()) {
        if (scheduler.now() >= until) complain();
        operate();
        await runUntil(Math.min(until, scheduler.now() + operatorMilliseconds));
      }
      await auditors.atRest({ rows: runner.rows, jobs: runner.jobs, objects }, true);
    },
    close: cloud.close,
    figures: () => ({
      digest: digest.digest('hex').slice(0, 16),
      virtualMilliseconds: scheduler.now() - startAt,
      calls,
      rows: [...jobs.values()].reduce((sum, { plan }) => sum + (plan?.rows ?? 0), 0),
      hits,
      trace: trace.slice(-traceLinesMax),
    }),
  };
};
