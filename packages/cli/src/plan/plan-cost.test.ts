import { describe, expect, it } from 'vitest';
import { createOutlook } from './create-plan.ts';
import { requestsOf } from './plan-cost.ts';
import { awsWiring, changePipeline, fileOf, settingsOf, withWriterMemory } from './plan-fixtures.ts';
import { pricesOf } from './price-table.ts';

const costOf = (service: string, what: string, { cost }: ReturnType<typeof createOutlook>) => {
  const line = cost.find((found) => found.service === service && found.what === what);
  if (line === undefined) throw new Error(`expected a line ${service}, ${what}, found none`);
  return line;
};

describe('requests', () => {
  it('are one for each call of small messages, ten of which go together', () => {
    expect(requestsOf({ messages: 1_000, messageBytes: 100, together: 10, invocations: 100 })).toEqual({
      sends: 100,
      receives: 100,
      deletes: 100,
    });
  });

  it('are one for each 64 KiB of a call', () => {
    // Ten packs of 60 KiB are 600 KiB: ten times 64 KiB, less a little.
    expect(requestsOf({ messages: 100, messageBytes: 60 * 1024, together: 10, invocations: 10 })).toEqual({
      sends: 100,
      receives: 100,
      deletes: 10,
    });
    expect(requestsOf({ messages: 10, messageBytes: 190 * 1024, together: 10, invocations: 10 })).toEqual({
      sends: 2 * 15,
      receives: 30,
      deletes: 10,
    });
  });

  it('are three for a message that comes alone, and none for none', () => {
    expect(requestsOf({ messages: 5, messageBytes: 1, together: 1, invocations: 5 })).toEqual({
      sends: 5,
      receives: 5,
      deletes: 5,
    });
    expect(requestsOf({ messages: 0, messageBytes: 1, together: 1, invocations: 0 })).toEqual({
      sends: 0,
      receives: 0,
      deletes: 0,
    });
  });
});

describe('the cost', () => {
  it('is $1.25 per million small rows for their two writes', () => {
    const line = costOf('DynamoDB', 'rows stored and finished', createOutlook(fileOf(1_000_000), settingsOf()));
    expect(line).toMatchObject({ units: 2_000_000, dollars: 1.25 });
  });

  it('takes every KiB of an item for a unit, and the result with the finished one', () => {
    const outlook = createOutlook(fileOf(1_000, { bytes: 1_000 * 900 }), settingsOf({ resultBytes: 200 }));
    expect(costOf('DynamoDB', 'rows stored and finished', outlook).units).toBe(1_000 * (1 + 2));
  });

  it.each([512, 1024])(
    'is that of paced writers for most of the time of functions: 250 rows a second at %i MB, twice',
    (memoryMegabytes) => {
      const settings = settingsOf({ wiring: withWriterMemory(memoryMegabytes) });
      const { units } = costOf('Lambda', 'time', createOutlook(fileOf(1_000_000), settings));
      const paced = ((2 * 1_000_000) / 250) * (memoryMegabytes / 1024);
      expect(units).toBeGreaterThan(paced);
      expect(units).toBeLessThan(paced + 600);
    },
  );

  it('counts rejects: their objects, what they are merged into, and no writes of rows', () => {
    const outlook = createOutlook(fileOf(1_000_000, { acceptedShare: 0.5 }), settingsOf());
    expect(costOf('DynamoDB', 'rows stored and finished', outlook).units).toBe(1_000_000);
    expect(costOf('S3', 'objects written', outlook).units).toBe(1 + 32 + 2);
  });

  it('is dearer with each row in a message of its own', () => {
    const single = settingsOf({ wiring: changePipeline(awsWiring, { rowsPerMessage: 1 }) });
    const [alone, packed] = [single, settingsOf()].map((settings) =>
      costOf('SQS', 'messages', createOutlook(fileOf(100_000), settings)),
    );
    expect(alone?.units).toBeGreaterThan(10 * (packed?.units ?? 0));
  });

  it('adds up, in every region', () => {
    for (const region of ['us-east-1', 'eu-central-1', 'ap-southeast-2']) {
      const { cost, dollars } = createOutlook(fileOf(10_000), settingsOf({ region }));
      expect(cost.reduce((sum, line) => sum + line.dollars, 0)).toBeCloseTo(dollars, 12);
      const { writeUnit } = pricesOf(region).prices;
      expect(cost[0]?.dollars).toBeCloseTo((20_000 * writeUnit.dollars) / 1e6, 12);
    }
  });
});
