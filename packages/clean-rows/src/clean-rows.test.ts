import { catchOutput } from '@sluice/core/caught-output';
import type { ChunkMessage } from '@sluice/core/messages';
import { serialiseChunk } from '@sluice/core/messages';
import type { JobState } from '@sluice/core/ports/job-store';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { createScriptedQueue, refuse } from '@sluice/core/scripted-queue';
import { recordOf, visibilitiesOf } from '@sluice/core/stage-harness';
import { afterEach, describe, expect, it } from 'vitest';
import { type ChunkHarnessSettings, createChunkHarness } from './chunk-harness.ts';
import { createCleanRows } from './clean-rows.ts';

const secret = 'SECRET-CONTENT';
const lastDelivery = 4;

const setUp = async (settings: ChunkHarnessSettings) => {
  const harness = await createChunkHarness(settings);
  const handler = createCleanRows(harness.ports, { bucket: 'rejects' });
  const { jobId } = harness.job;
  return {
    ...harness,
    jobId,
    handler,
    /** True when the message comes back. */
    async deliver(message: Omit<ChunkMessage, 'v' | 'kind'>, receives = 1): Promise<boolean> {
      return (await harness.deliver(handler, recordOf('m', serialiseChunk(message), receives))).length > 0;
    },
    cleaned: (chunk = 0) => harness.jobs.chunksOf(jobId)[chunk]?.cleaned,
    marks: () => harness.jobs.marksOf(jobId),
  };
};

const lines = catchOutput();

afterEach(() => {
  expect(lines.join('')).not.toContain(secret);
});

const small = `id,name\n1,${secret} a\n2\n3,${secret} c\n`;

describe('every row of a dirty file', () => {
  const schema = { columns: { id: { type: 'integer', required: true }, amount: { type: 'decimal', min: 0 } } };

  /** Each row as it stands in the file, with what is to become of it. */
  const dirt: readonly (readonly [text: string | Buffer, code: string])[] = [
    [`1,1.50,${secret}`, 'accepted'],
    ['2,1.50', 'FIELD_COUNT'],
    ['3,1.50,a,b', 'FIELD_COUNT'],
    [`x,1.50,${secret}`, 'NOT_INTEGER'],
    [',1.50,a', 'REQUIRED'],
    ['6,-1,a', 'BELOW_MIN'],
    ['7,"1.50","a\nb, ""c"""', 'accepted'],
    [Buffer.from([0x38, 0x2c, 0x31, 0x2c, 0xff, 0xfe]), 'INVALID_UTF8'],
    ['9,1,für €😀', 'accepted'],
    ['10,1,"a"b', 'accepted'],
    ['11,,', 'accepted'],
    [`12,1,${'x'.repeat(300_000)}`, 'RECORD_TOO_LARGE'],
    [`13,1,${'y'.repeat(200_000)}`, 'ROW_TOO_LARGE'],
    ['14,1,a', 'accepted'],
    [Buffer.from([0xc3]), 'INVALID_UTF8'],
    [' ', 'FIELD_COUNT'],
    ['17,1,\u0000\u0007', 'accepted'],
    ['18,1,"left open', 'QUOTE_NOT_CLOSED'],
    ['19,1,a', 'accepted'],
    ['20,1,no line end', 'accepted'],
  ];
  const lineEnds = ['\n', '\r\n', '\n\n', '\n\r\n'];
  const content = Buffer.concat([
    Buffer.from('id,amount,name\n'),
    ...dirt.flatMap(([text], index) => [
      Buffer.from(text),
      Buffer.from(index === dirt.length - 1 ? '' : (lineEnds[index % lineEnds.length] ?? '')),
    ]),
  ]);

  it.each([1, 20, 64, 1_000, 250_000, 1_000_000])(
    'is accepted or rejected, exactly once, with its bytes kept, in chunks of %d bytes',
    async (chunkBytes) => {
      const { messages, deliver, sentRows, rejects, jobs, jobId, rows, counts } = await setUp({
        content,
        schema,
        chunkBytes,
        pieceBytes: 50_000,
      });
      expect(rows).toBe(dirt.length);
      for (const message of messages.toReversed()) expect(await deliver(message)).toBe(false);

      const fates = new Map<number, string>();
      const note = (row: number, fate: string): void => {
        expect(fates.has(row), `row ${row} met two fates`).toBe(false);
        fates.set(row, fate);
      };
      for (const [, row, , values] of sentRows()) {
        note(row, 'accepted');
        expect(values[0]).toBe(row);
      }
      for (const { row, code } of rejects()) note(row, code);
      expect([...fates].sort(([a], [b]) => a - b)).toEqual(dirt.map(([, code], index) => [index + 1, code]));

      for (const reject of rejects()) {
        const bytes = content.subarray(reject.byteStart, reject.byteEnd);
        expect(bytes.equals(Buffer.from(dirt[reject.row - 1]?.[0] ?? ''))).toBe(true);
        expect(content.subarray(0, reject.byteStart).toString('latin1').split('\n')).toHaveLength(reject.line);
        expect(keptOf(reject).equals(bytes.subarray(0, 64 * 1024))).toBe(true);
        expect(reject.rawTruncated ?? false).toBe(bytes.length > 64 * 1024);
      }

      let accepted = 0;
      let rejected = 0;
      for (const { cleaned, rows: planned } of jobs.chunksOf(jobId)) {
        expect((cleaned?.accepted ?? 0) + (cleaned?.rejected ?? 0)).toBe(planned);
        accepted += cleaned?.accepted ?? 0;
        rejected += cleaned?.rejected ?? 0;
      }
      expect({ accepted, rejected }).toEqual({ accepted: 9, rejected: 11 });
      expect(counts.reduce((sum, { rowsIn }) => sum + rowsIn, 0)).toBe(dirt.length);
      expect(counts.reduce((sum, { rowsOut }) => sum + rowsOut, 0)).toBe(9);
    },
  );

  const keptOf = ({ raw, rawBase64 }: RejectLine): Buffer => {
    expect(raw === undefined).not.toBe(rawBase64 === undefined);
    return raw === undefined ? Buffer.from(rawBase64 ?? '', 'base64') : Buffer.from(raw);
  };
});

describe('clean-rows', () => {
  it('acknowledges a chunk once its rows are sent, its rejects kept and its counts written', async () => {
    const { deliver, onlyMessage, sentRows, rejects, cleaned, marks, counts } = await setUp({ content: small });
    expect(await deliver(onlyMessage())).toBe(false);
    expect(sentRows().map(([, row]) => row)).toEqual([1, 3]);
    expect(rejects()).toMatchObject([{ row: 2, code: 'FIELD_COUNT' }]);
    expect(cleaned()).toMatchObject({ accepted: 2, rejected: 1 });
    expect(marks()).toEqual([]);
    expect(counts).toEqual([{ stage: 'clean-rows', rowsIn: 3, rowsOut: 2, retried: 0, dead: 0, messagesFailed: 0 }]);
  });

  it('writes the same again when a chunk is delivered again', async () => {
    const { deliver, onlyMessage, queue, cleaned, counts } = await setUp({ content: small });
    await deliver(onlyMessage());
    const before = cleaned();
    expect(await deliver(onlyMessage(), 2)).toBe(false);
    expect(queue.bodies[1]).toBe(queue.bodies[0]);
    expect(cleaned()).toEqual(before);
    expect(counts.at(-1)).toEqual({
      stage: 'clean-rows',
      rowsIn: 0,
      rowsOut: 2,
      retried: 3,
      dead: 0,
      messagesFailed: 0,
    });
  });

  it('answers a repair without touching counts or rejects, and counts its rows as tried again', async () => {
    const { deliver, onlyMessage, sentRows, cleaned, objects, counts } = await setUp({ content: small });
    expect(await deliver({ ...onlyMessage(), ranges: [[2, 3]] })).toBe(false);
    expect(sentRows().map(([, row]) => row)).toEqual([3]);
    expect(cleaned()).toBeUndefined();
    expect(objects.puts).toEqual(['in/a.csv']);
    expect(counts).toEqual([{ stage: 'clean-rows', rowsIn: 0, rowsOut: 1, retried: 2, dead: 0, messagesFailed: 0 }]);
  });

  it('lets a message that nobody can read come back, and marks its job on the last delivery', async () => {
    const { handler, deliver, ...harness } = await setUp({ content: small });
    const body = JSON.stringify({ v: 99, kind: 'chunk', jobId: harness.jobId, text: secret });
    const receive = (receives: number) =>
      harness.clock.run(handler({ Records: [recordOf('m', body, receives)] }, harness.startContext()));
    expect((await receive(1)).batchItemFailures).toHaveLength(1);
    expect(harness.marks()).toEqual([]);
    expect((await receive(lastDelivery)).batchItemFailures).toHaveLength(1);
    expect(harness.marks()).toMatchObject([{ stage: 'clean-rows', code: 'MESSAGE_INVALID', attempts: lastDelivery }]);
  });

  it('lets the chunk of a job that is not known come back', async () => {
    const { deliver, onlyMessage, jobs, queue } = await setUp({ content: small });
    const jobId = 'z'.repeat(26);
    expect(await deliver({ ...onlyMessage(), jobId })).toBe(true);
    expect(queue.sends).toEqual([]);
    await deliver({ ...onlyMessage(), jobId }, lastDelivery);
    expect(jobs.marksOf(jobId)).toMatchObject([{ chunk: 0, code: 'UNKNOWN' }]);
  });

  it('is not built for a wiring without its queue', async () => {
    const { ports } = await createChunkHarness({ content: small });
    const { queue: _, ...settings } = ports.wiring.stages['clean-rows'];
    const wiring = { ...ports.wiring, stages: { ...ports.wiring.stages, 'clean-rows': settings } };
    expect(() => createCleanRows({ ...ports, wiring }, { bucket: 'rejects' })).toThrow('stages.clean-rows');
  });
});

describe('a chunk whose packs the queue does not take', () => {
  it('comes back without counts or rejects, and is complete when it comes again', async () => {
    let refusing = true;
    const queue = createScriptedQueue((entries) => refuse(refusing ? ['1'] : [], entries));
    const { deliver, onlyMessage, sentRows, cleaned, objects, marks, queues, rejects } = await setUp({
      content: small,
      rowsPerMessage: 1,
      queue,
    });
    expect(await deliver(onlyMessage())).toBe(true);
    expect(sentRows().map(([, row]) => row)).toEqual([1]);
    expect(cleaned()).toBeUndefined();
    expect(objects.puts).toEqual(['in/a.csv']);
    expect(marks()).toEqual([]);
    expect(visibilitiesOf(queues.chunks)).toEqual({ m: 5 });
    refusing = false;
    expect(await deliver(onlyMessage(), 2)).toBe(false);
    expect(sentRows().map(([, row]) => row)).toEqual([1, 1, 3]);
    expect(cleaned()).toMatchObject({ accepted: 2, rejected: 1 });
    expect(rejects()).toHaveLength(1);
  });

  it('is marked dead on its last delivery, all of its rows, and is reported all the same', async () => {
    const queue = createScriptedQueue((entries) => refuse(['0'], entries));
    const { deliver, onlyMessage, marks, jobId, counts, cleaned } = await setUp({ content: small, queue });
    expect(await deliver(onlyMessage(), lastDelivery - 1)).toBe(true);
    expect(marks()).toEqual([]);
    expect(await deliver(onlyMessage(), lastDelivery)).toBe(true);
    expect(marks()).toEqual([
      {
        jobId,
        chunk: 0,
        stage: 'clean-rows',
        code: 'SEND_FAILED',
        message: expect.stringContaining('expected the queue to confirm 1 messages, found 1 unconfirmed'),
        attempts: lastDelivery,
      },
    ]);
    expect(counts.at(-1)).toMatchObject({ rowsOut: 0, dead: 3 });
    expect(cleaned()).toBeUndefined();
  });

  it('counts the repair before into the attempts of its mark', async () => {
    const queue = createScriptedQueue((entries) => refuse(['0'], entries));
    const { deliver, onlyMessage, marks } = await setUp({ content: small, queue });
    await deliver({ ...onlyMessage(), ranges: [[1, 1]] }, lastDelivery);
    expect(marks()).toMatchObject([{ chunk: 0, attempts: lastDelivery + 1 }]);
  });
});

describe('a chunk whose rows are not those of the plan', () => {
  it('comes back, and its last delivery marks it with stage, code and attempts', async () => {
    const { deliver, onlyMessage, marks, jobId, cleaned } = await setUp({ content: small });
    const wrong = { ...onlyMessage(), rows: 4 };
    expect(await deliver(wrong)).toBe(true);
    expect(marks()).toEqual([]);
    expect(await deliver(wrong, lastDelivery)).toBe(true);
    expect(marks()).toEqual([
      {
        jobId,
        chunk: 0,
        stage: 'clean-rows',
        code: 'PLAN_MISMATCH',
        message: expect.stringMatching(/expected .*4.* found .*3/),
        attempts: lastDelivery,
      },
    ]);
    expect(cleaned()).toBeUndefined();
  });
});

describe('a chunk whose object is gone', () => {
  it.each(['PLANNING', 'OPEN', 'HELD', 'STALLED'] as const)(
    'ends its job, which is %s, SUPERSEDED and is acknowledged',
    async (state: JobState) => {
      const { deliver, onlyMessage, jobs, jobId, objects, queue, cleaned, marks, ports } = await setUp({
        content: small,
      });
      await jobs.changeJob(jobId, ['OPEN'], { state, auditAt: 2 ** 50 });
      objects.remove('bucket', 'in/a.csv');
      expect(await deliver(onlyMessage())).toBe(false);
      expect(jobs.jobOf(jobId)).toMatchObject({ state: 'SUPERSEDED', reason: { code: 'OBJECT_CHANGED' } });
      // Its end is to be told, whenever the job was due before.
      expect(jobs.jobOf(jobId).auditAt).toBe(ports.clock.now());
      expect(queue.sends).toEqual([]);
      expect(cleaned()).toBeUndefined();
      expect(marks()).toEqual([]);
    },
  );

  it.each(['COMPLETE', 'REFUSED', 'INCONSISTENT'] as const)('leaves a job that is %s as it is', async (state) => {
    const { deliver, onlyMessage, jobs, jobId, objects } = await setUp({ content: small });
    await jobs.changeJob(jobId, ['OPEN'], { state });
    objects.remove('bucket', 'in/a.csv');
    expect(await deliver(onlyMessage())).toBe(false);
    expect(jobs.jobOf(jobId).state).toBe(state);
  });

  it('mixes no two versions when it is replaced while it is read', async () => {
    const content = `id\n${'1\n'.repeat(1_000)}`;
    let replace = (): void => undefined;
    const { deliver, onlyMessage, objects, sentRows, jobs, jobId, cleaned } = await setUp({
      content,
      rowsPerMessage: 1,
      read: (_, call) => {
        if (call === 2) replace();
        return { kind: 'ends', afterBytes: 1_000 };
      },
    });
    replace = () => void objects.put('bucket', 'in/a.csv', `id\n${'2\n'.repeat(1_000)}`);
    expect(await deliver(onlyMessage())).toBe(false);
    expect(objects.reads).toHaveLength(2);
    expect(sentRows().every(([, , , values]) => values[0] === '1')).toBe(true);
    expect(jobs.jobOf(jobId).state).toBe('SUPERSEDED');
    expect(cleaned()).toBeUndefined();
  });

  it('comes back when the end of its job cannot be written', async () => {
    const { deliver, onlyMessage, objects, jobs, jobId } = await setUp({
      content: small,
      jobs: (operation, attempt) => {
        if (operation === 'changeJob' && attempt === 1) throw new Error(`throttled ${secret}`);
        return undefined;
      },
    });
    objects.remove('bucket', 'in/a.csv');
    expect(await deliver(onlyMessage())).toBe(true);
    expect(jobs.jobOf(jobId).state).toBe('OPEN');
    expect(await deliver(onlyMessage(), 2)).toBe(false);
    expect(jobs.jobOf(jobId).state).toBe('SUPERSEDED');
  });
});

describe('a store that fails for now', () => {
  it.each(['getJob', 'putCounts'] as const)('brings a chunk back at %s, and costs it no row', async (failing) => {
    for (const fault of ['lost', 'throws']) {
      const { deliver, onlyMessage, sentRows, cleaned, rejects, marks } = await setUp({
        content: small,
        jobs: (operation, attempt) => {
          if (operation !== failing || attempt > 1) return undefined;
          if (fault === 'lost') return 'lost';
          throw new Error(`throttled ${secret}`);
        },
      });
      expect(await deliver(onlyMessage())).toBe(true);
      expect(await deliver(onlyMessage(), 2)).toBe(false);
      expect(new Set(sentRows().map(([, row]) => row))).toEqual(new Set([1, 3]));
      expect(cleaned()).toMatchObject({ accepted: 2, rejected: 1 });
      expect(rejects()).toHaveLength(1);
      expect(marks()).toEqual([]);
    }
  });

  it('brings a chunk back without counts when its rejects cannot be kept', async () => {
    const { deliver, onlyMessage, cleaned, rejects } = await setUp({
      content: small,
      put: (_, call) => {
        if (call === 1) throw new Error(`down ${secret}`);
      },
    });
    expect(await deliver(onlyMessage())).toBe(true);
    expect(cleaned()).toBeUndefined();
    expect(await deliver(onlyMessage(), 2)).toBe(false);
    expect(rejects()).toHaveLength(1);
  });

  it('brings a chunk back when its object cannot be read to its end', async () => {
    let broken = true;
    const { deliver, onlyMessage, cleaned, sentRows } = await setUp({
      content: small,
      read: () => (broken ? { kind: 'ends', afterBytes: 0 } : undefined),
    });
    expect(await deliver(onlyMessage())).toBe(true);
    expect(cleaned()).toBeUndefined();
    broken = false;
    expect(await deliver(onlyMessage(), 2)).toBe(false);
    expect(sentRows()).toHaveLength(2);
  });
});

describe('a job with too many rejects', () => {
  // Each line a chunk: rows 2, 3 and 4 are rejected.
  const content = 'id,name\n1,a\n2\n3\n4\n5,e\n';
  const chunked = { content, chunkBytes: 1 };

  it('ends REFUSED with the chunk that shows it, and what comes after it is left alone', async () => {
    const { deliver, messages, jobs, jobId, sentRows, ports } = await setUp({ ...chunked, maxRejectedRatio: 0.4 });
    await jobs.changeJob(jobId, ['OPEN'], { auditAt: 2 ** 50 });
    for (const message of messages) {
      expect(jobs.jobOf(jobId).state).toBe(message.chunk <= 3 ? 'OPEN' : 'REFUSED');
      expect(await deliver(message)).toBe(false);
    }
    expect(jobs.jobOf(jobId).auditAt).toBe(ports.clock.now());
    expect(jobs.jobOf(jobId).reason).toEqual({
      code: 'TOO_MANY_REJECTS',
      message: 'expected at most 0.4 of 5 rows rejected, found 3',
    });
    expect(sentRows().map(([, row]) => row)).toEqual([1]);
    expect(jobs.chunksOf(jobId)[4]?.cleaned).toBeUndefined();
  });

  it('is one above the share, not one at it, and none where no share is given', async () => {
    for (const given of [{ maxRejectedRatio: 0.6 }, {}]) {
      const { deliver, messages, jobs, jobId } = await setUp({ ...chunked, ...given });
      for (const message of messages) await deliver(message);
      expect(jobs.jobOf(jobId).state).toBe('OPEN');
      expect(jobs.chunksOf(jobId).every(({ cleaned }) => cleaned !== undefined)).toBe(true);
    }
  });

  it('goes on while its plan is not closed', async () => {
    const { deliver, messages, jobs, jobId } = await setUp({ ...chunked, maxRejectedRatio: 0.4, isPlanned: false });
    for (const message of messages) await deliver(message);
    expect(jobs.jobOf(jobId).state).toBe('OPEN');
  });

  it('has its chunks listed only by a chunk that is above the share itself', async () => {
    const { deliver, messages, jobs } = await setUp({ ...chunked, maxRejectedRatio: 0.6 });
    const listed = () => jobs.calls.filter(({ operation }) => operation === 'listChunks').length;
    await deliver(messages[0] as ChunkMessage);
    expect(listed()).toBe(0);
    await deliver(messages[1] as ChunkMessage);
    expect(listed()).toBe(1);
  });

  it('is refused by no repair', async () => {
    const { deliver, messages, jobs, jobId } = await setUp({ ...chunked, maxRejectedRatio: 0 });
    await deliver({ ...(messages[1] as ChunkMessage), ranges: [[2, 2]] });
    expect(jobs.jobOf(jobId).state).toBe('OPEN');
  });
});

describe('a chunk of a job that has ended', () => {
  it.each(['COMPLETE', 'SUPERSEDED', 'REFUSED'] as const)('is left alone when that is %s', async (state) => {
    const { deliver, onlyMessage, jobs, jobId, queue, objects, cleaned, counts } = await setUp({ content: small });
    await jobs.changeJob(jobId, ['OPEN'], { state });
    expect(await deliver(onlyMessage())).toBe(false);
    expect(queue.sends).toEqual([]);
    expect(objects.reads).toEqual([]);
    expect(cleaned()).toBeUndefined();
    expect(counts.at(-1)).toMatchObject({ rowsOut: 0 });
  });

  it('is left alone also when nobody ever found out how its file is read', async () => {
    const { deliver, onlyMessage, jobs, jobId, queue } = await setUp({ content: small });
    const { layout: _, ...unread } = { ...jobs.jobOf(jobId), state: 'SUPERSEDED' as const };
    jobs.getJob = async () => unread;
    expect(await deliver(onlyMessage())).toBe(false);
    expect(queue.sends).toEqual([]);
  });
});
