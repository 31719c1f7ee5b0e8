import type { Events, JobEnded } from './ports/events.ts';

/** Events in memory, which fail as they are told. For tests. */
export type MemoryEvents = Events & { readonly sent: readonly JobEnded[] };

/** `script` decides by the number of the call, from 1; it may throw: nothing was sent then, or `lost` it was all the same. */
export const createMemoryEvents = (script: (call: number) => 'lost' | undefined = () => undefined): MemoryEvents => {
  const sent: JobEnded[] = [];
  let calls = 0;
  return {
    sent,
    async send(event) {
      calls++;
      const fault = script(calls);
      sent.push(structuredClone(event));
      if (fault === 'lost') throw new Error('expected an answer, found it lost');
    },
  };
};
