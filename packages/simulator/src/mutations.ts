import type { ScenarioName } from './scenario.ts';

/** A text of the product's that stands in `file` (from `packages/` on) exactly once, and what is put in its place. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/**
 * A deliberate bug. The simulator proves nothing unless it catches every one of these. `mutation-loader.ts` puts one into the sources
 * as they are loaded; the product holds no trace of them.
 */
export type Mutation = {
  readonly id: string;
  /** What it breaks. */
  readonly text: string;
  readonly edits: readonly Edit[];
  /** `swarm` unless it takes another. */
  readonly scenario?: ScenarioName;
};

/** M1 to M18 are the mistakes that pipelines of this shape are known for. */
export const mutations: readonly Mutation[] = [
  {
    id: 'M1',
    text: 'a batch send that succeeds counts as sent whole, its Failed entries unread',
    edits: [
      {
        file: 'core/src/send.ts',
        find: '.filter(({ id }) => !confirmed.has(id))',
        replace: '.filter(({ id }) => !confirmed.has(id) && !reasons.has(id))',
      },
    ],
  },
  {
    id: 'M2',
    text: 'creating a row overwrites one that stands there',
    edits: [
      {
        file: 'local-cloud/src/row-store.ts',
        find: 'if (database.write(insertOne, key, chunk, row, line, data, at) > 0) {',
        replace: `for (const table of ['outcomes', 'rows']) {
        const forget = database.prepare(\`DELETE FROM \${table} WHERE job = ? AND chunk = ? AND row = ?\`);
        database.write(forget, key, chunk, row);
      }
      if (database.write(insertOne, key, chunk, row, line, data, at) > 0) {`,
      },
    ],
  },
  {
    id: 'M3',
    text: 'counts of a chunk are added, not written',
    edits: [
      {
        file: 'local-cloud/src/job-store.ts',
        find: "'UPDATE chunks SET cleaned = ? WHERE job = ? AND chunk = ? AND cleaned IS NULL'",
        replace: `\`UPDATE chunks SET cleaned = (
          SELECT json_patch(body, json_object(
            'accepted', (body ->> 'accepted') + coalesce(cleaned ->> 'accepted', 0),
            'rejected', (body ->> 'rejected') + coalesce(cleaned ->> 'rejected', 0)
          )) FROM (SELECT ? AS body)
        ) WHERE job = ? AND chunk = ?\``,
      },
    ],
  },
  {
    id: 'M4',
    text: 'results of a batch come in another order than its records',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: 'const settled = comesBack.map(',
        replace: 'const settled = comesBack.toReversed().map(',
      },
    ],
  },
  {
    id: 'M5',
    text: 'every change of a row is relayed, not new rows alone',
    edits: [
      {
        file: 'local-cloud/src/mapping.ts',
        find: "eventName === 'INSERT' && status === 'PENDING';",
        replace: "eventName !== undefined && status !== '';",
      },
      {
        file: 'relay-rows/src/relay-rows.ts',
        find: "record.eventName === 'INSERT' && record.dynamodb?.NewImage?.['status']?.S === 'PENDING';",
        replace: 'record.dynamodb !== undefined;',
      },
    ],
  },
  {
    id: 'M6',
    text: 'every quote opens or closes: records are found by quote parity',
    edits: [
      {
        file: 'core/src/csv/scan.ts',
        find: 'if (quote === start || window[quote - 1] === delimiter) {',
        replace: 'if (quote >= start) {',
      },
    ],
  },
  {
    id: 'M7',
    text: 'reads name no version and carry no If-Match',
    edits: [
      {
        file: 'simulator/src/versioned-objects.ts',
        find: 'return found?.etag === etag ? found : undefined;',
        replace: 'return etag === undefined ? found : newest(bucket, key);',
      },
    ],
  },
  {
    id: 'M8',
    text: 'a row that stands there already is an error',
    edits: [
      {
        file: 'core/src/write-rows.ts',
        find: "outcome === 'inserted' || outcome === 'finished' || outcome === 'same';",
        replace: "outcome === 'inserted' || outcome === 'finished';",
      },
      {
        file: 'core/src/write-rows.ts',
        find: "Exclude<Outcome, 'inserted' | 'finished' | 'same'>, Fate>> = {",
        replace:
          "Exclude<Outcome, 'inserted' | 'finished'>, Fate>> = {\n  same: { kind: 'transient', code: 'UNKNOWN', message: '' },",
      },
    ],
  },
  {
    id: 'M9',
    text: 'a row that stands there with other content is a success',
    edits: [
      {
        file: 'core/src/write-rows.ts',
        find: "outcome === 'finished' || outcome === 'same';",
        replace: "outcome === 'finished' || outcome === 'same' || outcome === 'different';",
      },
    ],
  },
  {
    id: 'M10',
    text: 'the identity of a job depends on the message that told of its file',
    edits: [
      {
        file: 'split-file/src/split-file.ts',
        find: 'const readProfiles = async',
        replace: "let messageId = '';\n\n  const readProfiles = async",
      },
      {
        file: 'split-file/src/split-file.ts',
        find: 'jobIdOf(upload, hashed.profileHash)',
        replace: 'jobIdOf(upload, hashed.profileHash + messageId)',
      },
      {
        file: 'split-file/src/split-file.ts',
        find: 'for (const { items, fates } of batch) {',
        replace: 'for (const { items, fates, record } of batch) {\n          messageId = record.messageId;',
      },
    ],
  },
  {
    id: 'M11',
    text: 'a chunk is acknowledged before the queue has confirmed its rows',
    edits: [
      {
        file: 'clean-rows/src/clean-chunk.ts',
        find: 'sending = sendOrThrow(ports.queues.rows, packer.bodies.splice(0, count), ports);',
        replace: 'sendOrThrow(ports.queues.rows, packer.bodies.splice(0, count), ports).catch(() => undefined);',
      },
    ],
  },
  {
    id: 'M12',
    text: 'a later outcome replaces the first one',
    edits: [
      {
        file: 'local-cloud/src/row-store.ts',
        find: "'INSERT INTO outcomes (job, chunk, row, status, outcome, finished) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'",
        replace:
          "'INSERT OR REPLACE INTO outcomes (job, chunk, row, status, outcome, finished) VALUES (?, ?, ?, ?, ?, ?)'",
      },
    ],
  },
  {
    id: 'M13',
    text: 'a stream that was not read for a while goes on with what is new (LATEST), not where it stopped',
    edits: [
      {
        file: 'local-cloud/src/local-cloud.ts',
        find: 'if (paused.delete(stage)) wakeUp();',
        replace:
          'if (!paused.delete(stage)) return;\n      for (const shard of stream.shards) Object.assign(shard, { isLatest: true });\n      wakeUp();',
      },
      {
        file: 'local-cloud/src/mapping.ts',
        find: 'const changes = state.shard.read(state.batchSize);',
        replace:
          "if (Reflect.get(state.shard, 'isLatest') === true) state.shard.advance(state.shard.waiting());\n    Object.assign(state.shard, { isLatest: false });\n    const changes = state.shard.read(state.batchSize);",
      },
    ],
  },
  {
    id: 'M14',
    text: 'a job is complete before its last chunk is closed',
    edits: [
      {
        file: 'core/src/ledger.ts',
        find: "if (total.open > 0) return 'OPEN';",
        replace: "if (total.open > 0 && closedChunks + 1 < plan.chunks) return 'OPEN';",
      },
      {
        file: 'core/src/ledger.ts',
        find: "return closedChunks === plan.chunks ? 'COMPLETE' : 'OPEN';",
        replace: "return closedChunks + 1 >= plan.chunks ? 'COMPLETE' : 'OPEN';",
      },
    ],
  },
  {
    id: 'M15',
    text: 'a U+FEFF is eaten at the start of every chunk, not of the file alone',
    edits: [{ file: 'core/src/csv/parse.ts', find: 'bom: false,', replace: 'bom: true,' }],
  },
  {
    id: 'M16',
    text: 'a batch is awaited as one: when a row of it fails all do',
    edits: [
      {
        file: 'process-rows/src/process-rows.ts',
        find: 'for (const [jobId, outcomes] of jobs) counts.rowsOut += await sendOutcomes(jobId, outcomes);',
        replace: `for (const [jobId, outcomes] of jobs) counts.rowsOut += await sendOutcomes(jobId, outcomes);
        const failure = batch.flatMap(({ fates }) => fates).find(({ kind }) => kind === 'transient');
        if (failure !== undefined) for (const { fates } of batch) fates.fill(failure);`,
      },
    ],
  },
  {
    id: 'M17',
    text: 'a read that broke off goes on one byte too late',
    edits: [
      {
        file: 'core/src/read-object.ts',
        find: 'ports.objects.readRange(version, position, end, abort.signal)',
        replace: 'ports.objects.readRange(version, position > start ? ++position : position, end, abort.signal)',
      },
    ],
  },
  {
    id: 'M18',
    text: 'a pack of which a row failed is sent again whole, what was done included',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: 'if (!isFailed(fate) || settlement.single === undefined) return;',
        replace: 'if (settlement.single === undefined) return;',
      },
    ],
  },
  {
    id: 'B1',
    text: 'the cursor moves before its chunks are written and sent',
    edits: [
      {
        file: 'split-file/src/plan-chunks.ts',
        find: 'await ports.jobs.putChunks(jobId, chunks);',
        replace:
          'await ports.jobs.changeJob(jobId, unplannedStates, { cursor: planner.cursor() });\n    await ports.jobs.putChunks(jobId, chunks);',
      },
    ],
  },
  {
    id: 'B2',
    text: 'planning that is taken up again numbers its chunks from 0',
    edits: [
      {
        file: 'split-file/src/plan-chunks.ts',
        find: 'const cursor = job.cursor ?? { chunk: 0, offset',
        replace: 'const cursor = (job.cursor && { ...job.cursor, chunk: 0 }) ?? { chunk: 0, offset',
      },
    ],
  },
  {
    id: 'B3',
    text: 'a file whose planning ran out of time is acknowledged',
    edits: [
      {
        file: 'split-file/src/plan-chunks.ts',
        find: 'await send();\n      return false;',
        replace: 'await send();\n      return true;',
      },
    ],
  },
  {
    id: 'B4',
    text: 'two versions of one object are one job',
    edits: [{ file: 'core/src/identity.ts', find: 'file.versionId ?? file.etag, profileHash', replace: 'profileHash' }],
  },
  {
    id: 'B5',
    text: 'bytes that are gone are tried again for ever, and the job is never superseded',
    edits: [
      {
        file: 'clean-rows/src/clean-rows.ts',
        find: "thrown.code !== 'OBJECT_CHANGED') throw thrown;",
        replace: "thrown.code !== 'PLAN_MISMATCH') throw thrown;",
      },
    ],
  },
  {
    id: 'B6',
    text: 'a chunk is counted before its last rows are sent',
    edits: [
      {
        file: 'clean-rows/src/clean-chunk.ts',
        find: '    packer.flush();\n    await startSending(packer.bodies.length);\n',
        replace: '',
      },
      {
        file: 'clean-rows/src/clean-chunk.ts',
        find: '  return counts;\n',
        replace: '  packer.flush();\n  await startSending(packer.bodies.length);\n  await sending;\n  return counts;\n',
      },
      {
        file: 'clean-rows/src/clean-chunk.ts',
        find: 'if (message.ranges !== undefined) return { accepted, rejected: 0 };',
        replace:
          'if (message.ranges !== undefined) {\n    packer.flush();\n    await startSending(packer.bodies.length);\n    await sending;\n    return { accepted, rejected: 0 };\n  }',
      },
    ],
  },
  {
    id: 'B7',
    text: 'a chunk is counted before its rejects are put',
    edits: [
      {
        file: 'clean-rows/src/clean-chunk.ts',
        find: "await ports.objects.put(bucket, key, rejects.join(''));\n    await ports.jobs.putCounts(jobId, chunk, { ...counts, rejects: key });",
        replace:
          "await ports.jobs.putCounts(jobId, chunk, { ...counts, rejects: key });\n    await ports.objects.put(bucket, key, rejects.join(''));",
      },
    ],
  },
  {
    id: 'B8',
    text: 'all chunks of a job share one reject object',
    edits: [
      {
        file: 'core/src/identity.ts',
        find: "String(chunk).padStart(8, '0')",
        replace: "String(chunk % 1).padStart(8, '0')",
      },
    ],
  },
  {
    id: 'B9',
    text: 'a repair leaves the last row of each of its ranges out',
    edits: [
      {
        file: 'core/src/row-ranges.ts',
        find: 'range !== undefined && range[1] < row;',
        replace: 'range !== undefined && range[1] <= row;',
      },
    ],
  },
  {
    id: 'B10',
    text: 'a row that stands twice in a batch is written twice in a call',
    edits: [
      {
        file: 'core/src/write-rows.ts',
        find: 'const written = job.indexOf.get(tuple[1]);',
        replace: 'const written = undefined as number | undefined;',
      },
      {
        file: 'core/src/write-rows.ts',
        find: 'job.indexOf.set(tuple[1], index);',
        replace: 'job.indexOf.set(index, index);',
      },
    ],
  },
  {
    id: 'B11',
    text: 'a throttled row counts as written',
    edits: [
      {
        file: 'core/src/write-rows.ts',
        find: "outcome === 'finished' || outcome === 'same';",
        replace: "outcome === 'finished' || outcome === 'same' || outcome === 'throttled';",
      },
    ],
  },
  {
    id: 'B12',
    text: 'a write whose answer was lost counts as done',
    edits: [
      {
        file: 'core/src/write-rows.ts',
        find: "outcomes = indexes.map(() => 'failed' as const);",
        replace: "outcomes = indexes.map(() => 'same' as const);",
      },
    ],
  },
  {
    id: 'B13',
    text: 'the answers of a table call are read in the reverse order',
    edits: [
      {
        file: 'core/src/write-rows.ts',
        find: "const outcome = outcomes[i] ?? 'failed';",
        replace: "const outcome = outcomes[indexes.length - 1 - i] ?? 'failed';",
      },
    ],
  },
  {
    id: 'B14',
    text: 'a row that an invocation did not come to is acknowledged',
    edits: [
      {
        file: 'core/src/queue-stage.ts',
        find: 'fates: items.map(() => notReached)',
        replace: "fates: items.map((): Fate => ({ kind: 'done' }))",
      },
    ],
  },
  {
    id: 'B15',
    text: 'an outage of the processor is taken for the fault of each row',
    edits: [
      {
        file: 'core/src/queue-stage.ts',
        find: 'isOutage: metOutage(readable, startedAt, clock.now()) };',
        replace: 'isOutage: metOutage(readable, startedAt, clock.now()) && startedAt < 0 };',
      },
    ],
    scenario: 'outage',
  },
  {
    id: 'B16',
    text: 'a permanent failure is acknowledged though its mark could not be written',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: 'for (const { index, mark } of marks)\n        comesBack',
        replace: 'for (const { index, mark } of marks.slice(marks.length))\n        comesBack',
      },
    ],
  },
  {
    id: 'B17',
    text: 'a message on its last delivery leaves no mark',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: 'delivery.receives >= settlement.maxReceiveCount;',
        replace: 'delivery.receives > settlement.maxReceiveCount;',
      },
    ],
    scenario: 'bad-rows',
  },
  {
    id: 'B18',
    text: 'a pack is acknowledged though one of its rows could not be sent alone',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: 'for (const { index, code } of unsent) {',
        replace: 'for (const { index, code } of unsent.slice(1)) {',
      },
    ],
  },
  {
    id: 'B19',
    text: 'a row that is sent again alone begins its tries anew',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: "const tried = before + (fate.kind === 'untried' ? tries - 1 : tries);",
        replace: "const tried = fate.kind === 'untried' ? before : 0;",
      },
    ],
    scenario: 'bad-rows',
  },
  {
    id: 'B20',
    text: 'a message with a row that is to come later is acknowledged',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: ": delivery.fates.find((fate) => fate.kind === 'later'),",
        replace: ': undefined,',
      },
    ],
  },
  {
    id: 'B21',
    text: 'a pack over which the process died comes again as a pack',
    edits: [
      {
        file: 'process-rows/src/process-rows.ts',
        find: 'if (tries > 1 && items.length > 1) {',
        replace: 'if (tries > 100 && items.length > 1) {',
      },
    ],
    scenario: 'bad-rows',
  },
  {
    id: 'B22',
    text: 'a row counts as processed though the queue did not confirm its outcome',
    edits: [
      {
        file: 'process-rows/src/process-rows.ts',
        find: 'const fate = unsent.has(index) ? unconfirmed : done;',
        replace: 'const fate = unsent.has(-1 - index) ? unconfirmed : done;',
      },
    ],
  },
  {
    id: 'B23',
    text: 'a processor that never answers is waited for',
    edits: [
      {
        file: 'process-rows/src/call-processor.ts',
        find: 'return await Promise.race([result, timeout]);',
        replace: 'timeout.catch(() => undefined);\n    return await result;',
      },
    ],
    scenario: 'bad-rows',
  },
  {
    id: 'B24',
    text: 'the relay answers with the record behind the first failed one',
    edits: [
      {
        file: 'core/src/stream-stage.ts',
        find: 'for (const position of failed) lowest = Math.min(lowest, position);',
        replace: 'for (const position of failed) lowest = Math.min(lowest, position + 1);',
      },
    ],
  },
  {
    id: 'B25',
    text: 'the relay goes on over rows whose job it could not read',
    edits: [
      {
        file: 'relay-rows/src/relay-rows.ts',
        find: 'failed.push(...found.slice(0, 1).map(({ position }) => position));',
        replace: 'failed.push(...found.slice(0, 0).map(({ position }) => position));',
      },
    ],
  },
  {
    id: 'B26',
    text: 'a chunk is closed while its last row is still open',
    edits: [
      {
        file: 'core/src/ledger.ts',
        find: 'final.done + final.failed === chunk.cleaned.accepted;',
        replace: 'final.done + final.failed + 1 >= chunk.cleaned.accepted;',
      },
    ],
  },
  {
    id: 'B27',
    text: 'a mark counts though its row became final',
    edits: [
      {
        file: 'audit-job/src/count-chunk.ts',
        find: "if (status !== 'PENDING') dead.delete(row);",
        replace: "if (status === 'FAILED') dead.delete(row);",
      },
    ],
  },
  {
    id: 'B28',
    text: 'a job that was held is never looked at again',
    edits: [
      {
        file: 'audit-job/src/audit-planned.ts',
        find: 'jobs.changeJob(jobId, [job.state], written);',
        replace: "jobs.changeJob(jobId, ['OPEN', 'INCONSISTENT'], written);",
      },
    ],
  },
  {
    id: 'B29',
    text: 'a repair forgets the last row of a chunk',
    edits: [
      {
        file: 'audit-job/src/repair-chunk.ts',
        find: 'expected < chunk.firstRow + chunk.rows; expected++',
        replace: 'expected < chunk.firstRow + chunk.rows - 1; expected++',
      },
    ],
  },
  {
    id: 'B30',
    text: 'a share of rejects that is just allowed refuses the job',
    edits: [
      {
        file: 'core/src/ledger.ts',
        find: 'rejected / rows > ratio',
        replace: 'rejected / rows >= ratio',
      },
    ],
  },
  {
    id: 'B31',
    text: 'line numbers go wrong behind a record of several lines',
    edits: [
      {
        file: 'core/src/csv/scan.ts',
        find: 'const lines = isMultiline ? countLineFeeds(window, start, feed) + 1 : 1;',
        replace: 'const lines = 1;',
      },
    ],
  },
  {
    id: 'B32',
    text: 'an outage is logged with the body of its first message',
    edits: [
      {
        file: 'core/src/queue-stage.ts',
        find: "logger.warn('what fails is taken for an outage', { messages: readable.length });",
        replace:
          "logger.warn('what fails is taken for an outage', { messages: readable.length, body: batch[0]?.record.body });",
      },
    ],
  },
  {
    id: 'B33',
    text: 'the key of an uploaded object is taken as it stands in the event, encoded',
    edits: [
      {
        file: 'split-file/src/upload.ts',
        find: "decodeURIComponent(key.replaceAll('+', ' '));",
        replace: 'decodeURIComponent(key);',
      },
    ],
  },
  {
    id: 'B34',
    text: 'a poison record of the stream is left behind without a mark',
    edits: [
      {
        file: 'relay-rows/src/relay-rows.ts',
        find: 'failed.push(...poison);',
        replace: 'failed.push(...poison.slice(poison.length));',
      },
    ],
  },
  {
    id: 'B35',
    text: 'the end of a job is told before it has come',
    edits: [
      {
        file: 'audit-job/src/audit-planned.ts',
        find: 'if (await change(completed)) await announce({ ...job, ...completed }, ports, config);',
        replace: 'await announce({ ...job, ...completed }, ports, config);\n    await change(completed);',
      },
    ],
  },
  {
    id: 'B36',
    text: 'the end of a job is noted as told before it is told',
    edits: [
      {
        file: 'audit-job/src/announce.ts',
        find: 'await ports.events.send({',
        replace: 'await ports.jobs.changeJob(jobId, [state], { announcedAt: at });\n  await ports.events.send({',
      },
    ],
  },
  {
    id: 'B37',
    text: 'a job completes before its rejects are merged',
    edits: [
      {
        file: 'audit-job/src/audit-planned.ts',
        find: 'const missing = await mergeRejects(job, ports, config.bucket, invocation);',
        replace:
          "await change({ state: 'COMPLETE', audited: note, auditAt: clock.now() });\n      const missing = await mergeRejects(job, ports, config.bucket, invocation);",
      },
    ],
  },
  {
    id: 'B38',
    text: 'a repair that was asked for is never answered, and made again and again',
    edits: [
      {
        file: 'audit-job/src/audit-planned.ts',
        find: 'job.askedAt === undefined ? fresh : { ...fresh, answeredAt: job.askedAt };',
        replace: 'job.askedAt === undefined ? fresh : { ...fresh, answeredAt: 0 };',
      },
    ],
  },
  {
    id: 'B39',
    text: 'an upload whose event was lost is not looked for when another version of its object is known',
    edits: [
      {
        file: 'local-cloud/src/job-store.ts',
        find: 'hasFile: async (file) => selectFile.get(fileIdOf(file)) !== undefined',
        replace:
          "hasFile: async (file) => database.prepare('SELECT body FROM jobs').all().some((found) => String(found['body']).includes(JSON.stringify(file.key))) || selectFile.get(fileIdOf(file)) !== undefined",
      },
    ],
  },
  {
    id: 'B40',
    text: 'a round of the audit leaves out the chunk at which it was broken off',
    edits: [
      {
        file: 'audit-job/src/go-round.ts',
        find: 'isWhole ? {} : { round: { ...round, next } }',
        replace: 'isWhole ? {} : { round: { ...round, next: next + 1 } }',
      },
    ],
  },
  {
    id: 'B41',
    text: 'the audit counts a chunk with dead rows among those that are through',
    edits: [
      {
        file: 'audit-job/src/go-round.ts',
        find: 'if (isClosed && chunk.chunk === through && ledger.open === 0) {',
        replace: 'if (chunk.chunk === through && ledger.open === 0) {',
      },
    ],
  },
  {
    id: 'B42',
    text: 'a rejected row with a quote never closed is merged where it stands, and swallows those after it',
    edits: [
      {
        file: 'audit-job/src/merge-rejects.ts',
        find: "code === 'QUOTE_NOT_CLOSED';",
        replace: "code === '';",
      },
    ],
  },
  {
    id: 'B43',
    text: 'what a table throttles comes back like what fails, and is given up after its last delivery',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: 'await sendBlamelessAgain(batch, settlement, ports, pause, comesBack);',
        replace: 'await sendBlamelessAgain([], settlement, ports, pause, comesBack);',
      },
      {
        file: 'core/src/settle.ts',
        find: 'const throttleDelaysSeconds = [...retryDelaysSeconds, ...outageDelaysSeconds.slice(0, 1)];',
        replace: 'const throttleDelaysSeconds = retryDelaysSeconds;',
      },
    ],
    scenario: 'small-table',
  },
  {
    id: 'B44',
    text: 'an outage sends a pack again with the rows of it that are done',
    edits: [
      {
        file: 'core/src/settle.ts',
        find: 'const rest = items.filter((_, position) => !isAnswered(fates[position]));',
        replace: 'const rest = items.filter((_, position) => position < fates.length);',
      },
    ],
    scenario: 'bad-rows',
  },
  {
    id: 'B45',
    text: 'rows of a job that was called off are processed all the same',
    edits: [
      {
        file: 'process-rows/src/process-rows.ts',
        find: 'if (cancelled.size === 0) return batch;',
        replace: 'if (cancelled.size >= 0) return batch;',
      },
    ],
  },
  {
    id: 'B46',
    text: 'what was found of a job is taken for true for hours',
    edits: [
      {
        file: 'process-rows/src/cancelled-jobs.ts',
        find: 'const memoryMilliseconds = 10_000;',
        replace: 'const memoryMilliseconds = 36_000_000;',
      },
    ],
  },
  {
    id: 'B47',
    text: 'rows of every job that ended are dropped, whatever it ended of',
    edits: [
      {
        file: 'core/src/ledger.ts',
        find: "state === 'REFUSED' && reason?.code === cancelledReason.code;",
        replace: "state === 'REFUSED' && reason !== undefined;",
      },
    ],
  },
  {
    id: 'B48',
    text: 'a chunk is counted though its last sending failed',
    edits: [
      {
        file: 'clean-rows/src/clean-chunk.ts',
        find: '  // Nothing is counted before every pack is confirmed.\n  await sending;\n',
        replace: '',
      },
    ],
  },
];
