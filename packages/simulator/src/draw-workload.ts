import { drawFile } from './draw-file.ts';
import { type DrawnProfile, drawProfiles } from './draw-profiles.ts';
import type { FaultClass } from './fault-classes.ts';
import type { Draws } from './random.ts';
import type { Knobs, Upload, Workload } from './workload.ts';

/** Bytes of a key that S3 takes. */
const keyBytesMax = 1_024;

const names = [
  ...['a.csv', 'a.csv', 'b.csv', 'with spaces .csv', 'plus+sign+.csv', 'per%20cent%2F.csv', 'a&b=c?d#e;f,g.csv'],
  ...['../up.csv', '../../etc/passwd', './.././x//y/', '__proto__', 'quo"te\'s.csv', 'tab\there.csv', 'two\nlines.csv'],
  ...['für/файл 数据.csv', '\u{1f44d}.csv', 'e\u0301.csv', 'é.csv', 'dir/', '$(date)`id`.csv'],
];

const drawKey = (draws: Draws, profiles: readonly DrawnProfile[]): string => {
  const { prefix } = draws.pick(profiles).profile;
  const isElsewhere = draws.next() < 0.04;
  const isLong = draws.next() < 0.04;
  const key = `${isElsewhere ? 'elsewhere/' : prefix}${draws.pick(names)}`;
  return isLong ? key.padEnd(keyBytesMax - Buffer.byteLength(key) + key.length, 'long/') : key;
};

/** The profile that a key falls under: that with the longest prefix. */
const profileOf = (profiles: readonly DrawnProfile[], key: string): DrawnProfile | undefined =>
  profiles
    .filter(({ profile }) => key.startsWith(profile.prefix))
    .reduce<DrawnProfile | undefined>(
      (longest, each) =>
        longest !== undefined && longest.profile.prefix.length > each.profile.prefix.length ? longest : each,
      undefined,
    );

/** Chunks as small as a record go with few records: what a simulation costs is its chunks and rows. */
const drawSizes = (draws: Draws): { readonly chunkBytes: number; readonly recordsMax: number } => {
  const share = draws.next();
  if (share < 0.08) return { chunkBytes: draws.whole(1, 20), recordsMax: 6 };
  if (share < 0.25) return { chunkBytes: draws.whole(20, 64), recordsMax: 15 };
  if (share < 0.85) return { chunkBytes: draws.whole(64, 400), recordsMax: 40 };
  return { chunkBytes: draws.whole(400, 3_000), recordsMax: 60 };
};

/** Within moments, within a run's minutes, or after them. */
const drawPause = (draws: Draws): number => draws.pick([0, draws.next(), draws.next() * 30, draws.next() * 1_200]);

/**
 * What the user does in a simulation. Drawn whole, whatever is on and kept; only then is what is off or not kept taken out, so that the
 * rest stays as it is.
 */
export const drawWorkload = (draws: Draws, isOn: (fault: FaultClass) => boolean, knobs: Knobs): Workload => {
  const has = (fault: FaultClass): boolean => isOn(fault) && knobs.without?.includes(fault) !== true;
  const profiles = drawProfiles(draws);
  const { chunkBytes, recordsMax } = drawSizes(draws);
  const rowsPerMessage = draws.pick([0, 0, 0, 1, 2, 3, 7]);
  const kept = knobs.records ?? Number.POSITIVE_INFINITY;

  const drawBytes = (key: string): Buffer => {
    const fallback = profiles[0];
    const drawn = profileOf(profiles, key) ?? fallback;
    const seed = draws.whole(0, 2 ** 32 - 1);
    const records = draws.next() < 0.04 ? 0 : draws.whole(1, recordsMax);
    const isDirty = draws.next() < 0.7 && has('csv-dirty');
    return drawn === undefined ? Buffer.alloc(0) : drawFile(drawn, { seed, isDirty, chunkBytes, records, kept });
  };

  const uploads: Upload[] = [];
  const files = draws.pick([1, 1, 2, 2, 2, 3]);
  for (let file = 0; file < files; file++) {
    const key = drawKey(draws, profiles);
    const atSeconds = file === 0 ? 0 : drawPause(draws);
    const bytes = drawBytes(key);
    const isTold = { twice: draws.next() < 0.3, often: draws.next() < 0.05 };
    const events = has('file-twice') ? (isTold.often ? 3 : isTold.twice ? 2 : 1) : 1;
    uploads.push({ atSeconds, key, bytes, events });
    const again = drawAgain(
      draws,
      () => drawKey(draws, profiles),
      () => drawBytes(key),
    );
    for (const { fault, at, ...upload } of again) {
      if (has(fault)) uploads.push({ atSeconds: atSeconds + at, key, bytes, events: 1, ...upload });
    }
  }
  return {
    profiles: profiles.map(({ profile }) => profile),
    uploads: uploads.slice(0, knobs.uploads),
    chunkBytes,
    rowsPerMessage,
  };
};

type Again = { readonly fault: FaultClass; readonly at: number } & Partial<Pick<Upload, 'key' | 'bytes'>>;

/** What the user does with a file that is there already: the same bytes again, elsewhere too, or other bytes under its key. */
const drawAgain = (draws: Draws, otherKey: () => string, otherBytes: () => Buffer): readonly Again[] => {
  const share = draws.next();
  const at = drawPause(draws);
  if (share < 0.08) return [{ fault: 'file-twice', at }];
  if (share < 0.16) return [{ fault: 'file-twice', at, key: otherKey() }];
  if (share < 0.26) return [{ fault: 'key-reused', at, bytes: otherBytes() }];
  if (share < 0.32) {
    const between = otherBytes();
    // There and back: the third version holds what the first did.
    return [
      { fault: 'key-reused', at, bytes: between },
      { fault: 'key-reused', at: at + draws.next() * 2 },
    ];
  }
  return [];
};

/** A file with a little of everything, for the tier that ends a process at each of its calls: few rows, few chunks, always the same. */
export const smallWorkload = (): Workload => ({
  profiles: [{ prefix: 'in/', schema: { columns: { id: { type: 'integer', required: true } } } }],
  uploads: [
    {
      atSeconds: 0,
      key: 'in/a file+.csv',
      bytes: Buffer.from(
        [
          '\ufeffid,note\r\n',
          '27182818281,cnry000001\n',
          '27182818282,"cnry000002\n""cnry000003"""\r\n',
          'cnry000004,rejected\n',
          '\n',
          '27182818283,=cnry000005\n',
          '27182818284,"cnry000006\n',
          '27182818285,cnry000007',
        ].join(''),
      ),
      events: 1,
    },
  ],
  chunkBytes: 80,
  rowsPerMessage: 2,
});
