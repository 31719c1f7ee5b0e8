import type { ScriptedReply, ScriptedService } from './scripted-endpoint.ts';

// EventBridge in memory, in its JSON protocol, for tests.
//
// Models: PutEvents to the default bus, entries that fail under a call that succeeds. Does not model: rules, targets, other buses.

export type ScriptedEntry = {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly Time?: number;
};

export type ScriptedEvents = {
  readonly service: ScriptedService;
  /** What the bus took, in order. */
  readonly taken: readonly ScriptedEntry[];
  /** The next entry fails with this code. */
  failNext(code: string): void;
};

const reply = (status: number, body: object): ScriptedReply => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify(body),
});

export const createScriptedEvents = (): ScriptedEvents => {
  const taken: ScriptedEntry[] = [];
  const failures: string[] = [];
  return {
    taken,
    failNext: (code) => void failures.push(code),
    service({ operation, body }) {
      if (operation !== 'PutEvents') throw new Error(`expected PutEvents, found ${operation}`);
      const { Entries } = JSON.parse(body.toString()) as { readonly Entries: readonly ScriptedEntry[] };
      let failed = 0;
      const answers = Entries.map((entry) => {
        const code = failures.shift();
        if (code !== undefined) {
          failed++;
          return { ErrorCode: code, ErrorMessage: `refused: ${entry.Detail}` };
        }
        taken.push(entry);
        return { EventId: `event-${taken.length}` };
      });
      return reply(200, { FailedEntryCount: failed, Entries: answers });
    },
  };
};
