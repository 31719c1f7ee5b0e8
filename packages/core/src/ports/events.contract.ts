import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Events, JobEnded } from './events.ts';

// What every binding of Events that somebody listens to promises. An adapter runs it from a test of its own.

/** A bus for one test alone. */
export type EventsSetUp = {
  readonly events: Events;
  /** What arrived, in order. */
  arrived(): Promise<readonly JobEnded[]>;
  /** The next event is not confirmed, and does not arrive. */
  refuseNext(): void;
  close(): Promise<void>;
};

const complete: JobEnded = {
  jobId: '0123456789abcdefghjkmnpqrs',
  state: 'COMPLETE',
  file: { bucket: 'inbox', key: 'in/it\'s "one" 👍.csv', etag: 'etag-1', versionId: 'v 1' },
  rows: 2 ** 40,
  rejected: 1,
  done: 2,
  failed: 3,
  at: 1_700_000_000_123,
  rejects: 'jobs/0123456789abcdefghjkmnpqrs/rejects.csv',
};
const refused: JobEnded = {
  jobId: 'zzzzzzzzzzzzzzzzzzzzzzzzzz',
  state: 'REFUSED',
  file: { bucket: 'inbox', key: 'b.csv', etag: 'etag-2' },
  rows: 0,
  rejected: 0,
  done: 0,
  failed: 0,
  at: 0,
  reason: { code: 'FILE_FORMAT', message: 'expected a CSV file, found \ufffe' },
};

export const eventsContract = (name: string, setUp: () => Promise<EventsSetUp>): void => {
  describe(name, () => {
    let made: EventsSetUp;
    beforeEach(async () => {
      made = await setUp();
    });
    afterEach(() => made.close());

    it('sends events as they are', async () => {
      await made.events.send(complete);
      await made.events.send(refused);
      expect(await made.arrived()).toEqual([complete, refused]);
    });

    it('sends the same event as often as it is told', async () => {
      await made.events.send(complete);
      await made.events.send(complete);
      expect(await made.arrived()).toEqual([complete, complete]);
    });

    it('throws when the event was not confirmed, and sends it when it is told again', async () => {
      made.refuseNext();
      await expect(made.events.send(complete)).rejects.toThrow();
      expect(await made.arrived()).toEqual([]);
      await made.events.send(complete);
      expect(await made.arrived()).toEqual([complete]);
    });
  });
};
