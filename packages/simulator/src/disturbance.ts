import type { LocalCloudOptions } from '@sluice/local-cloud/local-cloud';
import type { World } from './world.ts';

/** Longest times of what a queue does to its messages, in seconds. Most are far shorter. */
export type DisturbanceLimits = {
  readonly lateSeconds: number;
  readonly duplicateSeconds: number;
  readonly visibleSeconds: number;
};

/** What a cloud does to messages, and to what goes into the table's stream, when the faults strike that are the services' own. */
export const disturb = (
  { strikes, faults }: World,
  { lateSeconds, duplicateSeconds, visibleSeconds }: DisturbanceLimits,
): Required<Pick<LocalCloudOptions, 'disturbance' | 'spoil'>> => ({
  disturbance: {
    lateSeconds: () => (strikes('message-delayed', 'service') ? faults.next() ** 4 * lateSeconds : 0),
    pick: (_, messages) =>
      messages > 1 && strikes('message-reordered', 'service') ? faults.whole(0, messages - 1) : 0,
    visibilitySeconds: (_, usual) =>
      strikes('visibility-expired', 'service') ? faults.next() ** 2 * visibleSeconds : usual,
    deletion() {
      if (strikes('delete-failed', 'service')) return 'kept';
      return strikes('message-duplicated', 'service') ? faults.next() ** 3 * duplicateSeconds : 'gone';
    },
  },
  spoil: (change) =>
    change.eventName === 'INSERT' && strikes('record-poisoned', 'relay-rows')
      ? { ...change, image: { line: change.image?.line ?? 0, data: '{"v' } }
      : change,
});
