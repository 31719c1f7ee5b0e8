import { SluiceError } from './errors.ts';
import { drawText } from './fuzz/dirty-text.ts';
import type { Random } from './fuzz/random.ts';
import { attempt, type FuzzTarget, hold, holdSame } from './fuzz/target.ts';
import {
  findJobId,
  finishedEnvelope,
  parseAuditMessage,
  parseChunkMessage,
  parseFinishedMessage,
  parseRowsMessage,
  rowsEnvelope,
  serialise,
  singleRow,
  type Value,
} from './messages.ts';
import { createPacker, packAll, packBytesMax } from './pack.ts';
import { sqsText } from './scripted-queue.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

type Table = { readonly columns: readonly string[]; readonly rows: readonly (readonly Value[])[] };

const drawValue = (random: Random): Value =>
  random.pick<() => Value>([
    () => drawText(random, 8),
    () => drawText(random, 8),
    () =>
      random.pick(['\u2028', '\ufffe', '\uffff', '\ud800', '\udc00\ud800', '\ufffe\uffff', '\0', '"\\', '__proto__']),
    () =>
      random.pick(['x', '€', '"', '\u{1f600}', '\uffff']).repeat(random.between(0, random.pick([10, 1_000, 30_000]))),
    () => random.between(-(2 ** 40), 2 ** 40),
    () => random.oneIn(2),
    () => null,
  ])();

const drawTable = (random: Random): Table => {
  const columns = random.list(1, 5, () =>
    random.pick(['a', '__proto__', '\uffff', '"', drawText(random, 3), 'é'.repeat(random.below(3_000))]),
  );
  const rowsMax = random.pick([1, 10, 60]);
  return { columns, rows: random.list(1, rowsMax, () => columns.map(() => drawValue(random))) };
};

const readers = [parseRowsMessage, parseFinishedMessage, parseChunkMessage, parseAuditMessage];

export const target: FuzzTarget = {
  name: 'pack',
  weight: 4,
  outcomes: ['one pack', 'several packs', 'a pack of one large row', 'MESSAGE_INVALID', 'read though changed'],
  draw(random) {
    const rowsMax = random.oneIn(2) ? undefined : random.between(1, 7);
    const tried = random.below(3);
    const changes = random.list(1, 5, () => random.below(2 ** 30));
    return {
      kind: rowsMax === undefined ? 'by bytes' : 'by count',
      // JSON escapes lone surrogates, so they come back.
      input: Buffer.from(JSON.stringify(drawTable(random))),
      options: { rowsMax, tried, changes },
      check(input, note) {
        let table: Table;
        try {
          table = JSON.parse(input.toString()) as Table;
          if (!table.rows.every((row) => row.length === table.columns.length)) return;
        } catch {
          return; // a smaller input need not be a table any more
        }
        const rows = table.rows.map((values, index) => [3, index + 1, index + 2, values] as const);
        const texts = rows.map(serialise);
        const envelope = rowsEnvelope(jobId, table.columns, tried);
        const packer = createPacker(envelope, rowsMax);
        for (const text of texts) packer.add(text);
        packer.flush();
        const { bodies } = packer;
        holdSame(
          'packs are the same at once',
          packAll(envelope, texts, rowsMax).map(({ body }) => body),
          bodies,
        );
        note(bodies.length === 1 ? 'one pack' : 'several packs');
        const found = bodies.flatMap((body) => {
          const message = parseRowsMessage(Buffer.from(body, 'utf8').toString('utf8'));
          const bytes = Buffer.byteLength(body);
          const { length } = message.rows;
          if (bytes > packBytesMax) note('a pack of one large row');
          hold('a pack of several rows keeps the limit', length === 1 || bytes <= packBytesMax, () => [length, bytes]);
          hold('a pack has no more rows than wanted', length <= (rowsMax ?? length), () => [length, rowsMax]);
          hold('a pack is text that SQS takes', sqsText.test(body), () => body);
          holdSame('columns come back', [message.columns, message.tried ?? 0], [table.columns, tried]);
          hold('the job is found', findJobId(body) === jobId, () => findJobId(body));
          const [first] = message.rows;
          if (first !== undefined) {
            const single = parseRowsMessage(singleRow(message, first, tried + 1));
            holdSame('a row alone comes back', [single.rows, single.tried], [[first], tried + 1]);
          }
          return message.rows;
        });
        holdSame('rows come back, in order', found, rows);

        const outcomes = texts.map((text, index) => serialise([3, index + 1, 'DONE', { text }]));
        for (const { body } of packAll(finishedEnvelope(jobId, tried), outcomes, rowsMax)) {
          hold('outcomes are text that SQS takes', sqsText.test(body), () => body);
          parseFinishedMessage(body);
        }
        for (const change of changes) {
          const body = Buffer.from(bodies[change % bodies.length] ?? '');
          const at = change % (body.length + 1);
          const broken = Buffer.concat([
            body.subarray(0, at),
            Buffer.of(change % 256),
            body.subarray(at + (change % 3)),
          ]);
          for (const read of readers) {
            const message = attempt('a message that is none is refused', () => read(broken.toString('utf8')));
            note(message instanceof SluiceError ? message.code : 'read though changed');
          }
          findJobId(broken.toString('utf8'));
        }
      },
    };
  },
};
