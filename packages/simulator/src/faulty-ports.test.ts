import { createMemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryObjects } from '@sluice/core/memory-objects';
import { createMemoryRows } from '@sluice/core/memory-rows';
import type { RowTuple } from '@sluice/core/messages';
import type { Queue, QueueName } from '@sluice/core/ports/queue';
import { createScriptedQueue } from '@sluice/core/scripted-queue';
import type { Services } from '@sluice/core/stage';
import { describe, expect, test } from 'vitest';
import { unlimited } from './capacity.ts';
import type { FaultRates } from './draw-faults.ts';
import { createEnvironment } from './environment.ts';
import type { FactBody } from './facts.ts';
import type { FaultClass } from './fault-classes.ts';
import { faultClasses } from './fault-classes.ts';
import { createFaultyPorts } from './faulty-ports.ts';
import { createDraws } from './random.ts';
import { createScheduler } from './scheduler.ts';
import type { World } from './world.ts';

const jobId = 'abcdefghijklmnopqrstuvwxyz';
const rowsOf = (count: number): RowTuple[] => Array.from({ length: count }, (_, i) => [0, i + 1, i + 2, [`v${i}`]]);

/** One environment whose ports these faults strike at every chance, over services that are always right. */
const setUp = (faults: readonly FaultClass[] = [], kill?: { call: number; phase: 'before' | 'after' }) => {
  const scheduler = createScheduler(createDraws(1, 'ties'), 0);
  const facts: FactBody[] = [];
  const hits: string[] = [];
  let calls = 0;
  const rates = Object.fromEntries(faultClasses.map((fault) => [fault, faults.includes(fault) ? 1 : 0])) as FaultRates;
  const world: World = {
    scheduler,
    schedule: createDraws(1, 'schedule'),
    faults: createDraws(1, 'faults'),
    way: () => 10,
    rates: () => rates,
    strikes(fault, stage) {
      if (rates[fault] === 0) return false;
      hits.push(`${fault} ${stage}`);
      return true;
    },
    hit: (fault, stage) => hits.push(`${fault} ${stage}`),
    tell: (fact) => facts.push(fact),
    actAs: (_, effect) => effect(),
    trace: () => undefined,
    countCall: () => (++calls === kill?.call ? kill.phase : undefined),
  };
  const queue = createScriptedQueue();
  const rows = createMemoryRows();
  const objects = createMemoryObjects();
  const services = {
    rows,
    objects,
    jobs: createMemoryJobs(),
    queues: new Proxy({}, { get: (): Queue => queue }) as Readonly<Record<QueueName, Queue>>,
  } as unknown as Services;
  const environment = createEnvironment('store-rows', 0, world);
  const ports = createFaultyPorts(environment, services, world, () => unlimited);
  /** What became of a call within a minute: its answer, its error, or nothing. */
  const outcomeOf = async <Answer>(call: Promise<Answer>): Promise<Answer | string> => {
    let outcome: Answer | string = 'no answer';
    call.then(
      (answer) => {
        outcome = answer;
      },
      (thrown: Error) => {
        outcome = thrown.message;
      },
    );
    await scheduler.run(scheduler.now() + 60_000);
    return outcome;
  };
  return { scheduler, environment, ports, queue, rows, objects, facts, hits, outcomeOf };
};

const noAnswer = 'expected an answer, found none';
const throttled = 'expected the service to take the call, found it throttled';

describe('a call of a port', () => {
  test('takes effect later than it was made, and is answered later than that', async () => {
    const { ports, rows, outcomeOf } = setUp();
    const call = ports.rows.insert(jobId, rowsOf(2));
    expect(rows.rowsOf(jobId)).toEqual([]);
    expect(await outcomeOf(call)).toEqual(['inserted', 'inserted']);
    expect(rows.rowsOf(jobId)).toHaveLength(2);
  });

  test.each([
    ['write-lost', noAnswer, 0],
    ['write-reply-lost', noAnswer, 2],
    ['timeout', 'no answer', 0],
    ['crash', 'no answer', 0],
  ] as const)('%s: the caller finds "%s", the table %i rows', async (fault, found, stored) => {
    const { ports, rows, hits, outcomeOf } = setUp([fault]);
    expect(await outcomeOf(ports.rows.insert(jobId, rowsOf(2)))).toBe(found);
    expect(rows.rowsOf(jobId)).toHaveLength(stored);
    expect(hits).toEqual([`${fault} store-rows`]);
  });

  test.each([
    ['before', 0],
    ['after', 2],
  ] as const)(
    'a process that is killed %s its effect leaves %i rows, and no call of it arrives any more',
    async (phase, stored) => {
      const { ports, rows, environment, outcomeOf } = setUp([], { call: 1, phase });
      expect(await outcomeOf(ports.rows.insert(jobId, rowsOf(2)))).toBe('no answer');
      expect(environment.isAlive).toBe(false);
      expect(await outcomeOf(ports.rows.insert(jobId, rowsOf(5)))).toBe('no answer');
      expect(rows.rowsOf(jobId)).toHaveLength(stored);
    },
  );

  test('what is under way when the process dies has no effect', async () => {
    const { ports, rows, environment, outcomeOf } = setUp();
    const call = ports.rows.insert(jobId, rowsOf(2));
    environment.die();
    expect(await outcomeOf(call)).toBe('no answer');
    expect(rows.rowsOf(jobId)).toEqual([]);
  });

  test('a process that is dead does not wake from its sleep, not even by a signal', async () => {
    const { environment, outcomeOf } = setUp();
    const controller = new AbortController();
    const [asleep, broken] = [environment.clock.sleep(10), environment.clock.sleep(10, controller.signal)];
    environment.die();
    controller.abort('enough');
    expect([await outcomeOf(asleep), await outcomeOf(broken)]).toEqual(['no answer', 'no answer']);
  });

  test('statements fail one by one, and the table knows of about half of them', async () => {
    const { ports, rows, outcomeOf } = setUp(['statement-failed']);
    expect(await outcomeOf(ports.rows.insert(jobId, rowsOf(25)))).toEqual(Array.from({ length: 25 }, () => 'failed'));
    expect(rows.rowsOf(jobId).length).toBeGreaterThan(3);
    expect(rows.rowsOf(jobId).length).toBeLessThan(22);
  });

  test('a hot key throttles its own rows alone', async () => {
    const { ports, outcomeOf } = setUp(['throttle-key']);
    const outcomes = (await outcomeOf(ports.rows.insert(jobId, rowsOf(16)))) as string[];
    expect(outcomes.filter((outcome) => outcome === 'throttled')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'inserted')).toHaveLength(15);
  });

  test('a burst throttles a call as a whole, of the ledger too', async () => {
    const { ports, rows, outcomeOf } = setUp(['throttle-burst']);
    expect(await outcomeOf(ports.rows.insert(jobId, rowsOf(3)))).toEqual(['throttled', 'throttled', 'throttled']);
    expect(rows.rowsOf(jobId)).toEqual([]);
    expect(await outcomeOf(ports.jobs.releaseLease(jobId, 'plan', 'me'))).toBe(undefined);
    const { ports: first, outcomeOf: firstOutcomeOf } = setUp(['throttle-burst']);
    expect(await firstOutcomeOf(first.jobs.releaseLease(jobId, 'plan', 'me'))).toBe(throttled);
  });

  test.each([
    ['send-refused', false],
    ['send-sender-fault', true],
  ] as const)('%s: the queue refuses entries under a call that succeeds', async (fault, senderFault) => {
    const { ports, queue, outcomeOf } = setUp([fault]);
    const answer = await outcomeOf(ports.queues.work.sendBatch([{ id: '7', body: 'x' }]));
    expect(answer).toEqual({ sent: [], failed: [{ id: '7', code: 'InternalError', senderFault }] });
    expect(queue.taken).toEqual([]);
  });

  test.each([
    ['send-lost', 0],
    ['send-reply-lost', 1],
  ] as const)('%s: no answer, and %i messages in the queue', async (fault, sent) => {
    const { ports, queue, outcomeOf } = setUp([fault]);
    expect(await outcomeOf(ports.queues.work.sendBatch([{ id: '7', body: 'x' }]))).toBe(noAnswer);
    expect(queue.taken).toHaveLength(sent);
  });

  test.each([
    ['read-short', /^a{0,99}$/],
    ['read-reset', /^expected an answer/],
    ['read-stalled', /^no answer/],
    ['slow-down', /throttled$/],
  ] as const)('%s: a body that is not whole', async (fault, found) => {
    const { ports, objects, outcomeOf } = setUp([fault]);
    const { etag } = await objects.put('inbox', 'key', 'a'.repeat(100));
    const version = { bucket: 'inbox', key: 'key', etag };
    const read = Array.fromAsync(ports.objects.readRange(version, 0, 100, new AbortController().signal));
    expect(await outcomeOf(read.then((pieces) => Buffer.concat(pieces).toString()))).toMatch(found);
  });

  test('tells every effect at the moment it takes place, whatever the caller hears', async () => {
    const { ports, facts, outcomeOf } = setUp(['write-reply-lost']);
    await outcomeOf(ports.rows.insert(jobId, rowsOf(1)));
    expect(facts).toEqual([
      { kind: 'called', inFlight: 1, bytes: 0 },
      { kind: 'inserted', jobId, rows: rowsOf(1), outcomes: ['inserted'] },
    ]);
  });
});
