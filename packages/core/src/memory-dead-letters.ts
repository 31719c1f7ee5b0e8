import type { DeadLetter, DeadLetters } from './ports/dead-letters.ts';

/** A letter that lies in the queue. */
export type LyingLetter = Pick<DeadLetter, 'id' | 'body' | 'sentAt'>;

/**
 * What a letter meets when it is to be removed. `failed`: it stays, and the answer says so; `lost`: it goes, and the answer is
 * the same.
 */
export type LetterFault = 'failed' | 'lost';

/** Decides by the letter and how often its removal was tried, from 1. May throw: the whole call then fails. */
export type LetterScript = (letter: LyingLetter, attempt: number) => LetterFault | undefined;

/** A dead-letter queue in memory that keeps the port's promises, and fails as it is told. For tests. */
export type MemoryDeadLetters = DeadLetters & {
  /** The letters that lie there, hidden ones too, oldest first. */
  readonly letters: readonly LyingLetter[];
  /** Bodies of the letters that can be received now. */
  readonly visible: readonly string[];
  /** Lays a letter there, and answers its id. */
  put(body: string, sentAt?: number): string;
};

/** Letters of one receive. Source: SQS, ReceiveMessage. */
const receiveMax = 10;

type Kept = LyingLetter & { readonly receives: number; readonly hiddenUntil: number };

export const createMemoryDeadLetters = ({
  bodies = [],
  now = () => 0,
  remove: removeScript = () => undefined,
}: {
  /** Bodies of the letters that lie there from the beginning. */
  readonly bodies?: readonly string[];
  /** The time by which letters are hidden and sent. */
  readonly now?: () => number;
  readonly remove?: LetterScript;
} = {}): MemoryDeadLetters => {
  const letters = new Map<string, Kept>();
  const attempts = new Map<string, number>();
  let put = 0;

  const handleOf = ({ id, receives }: Kept): string => `${id}#${receives}`;
  const ofHandle = (handle: string): Kept | undefined =>
    [...letters.values()].find((letter) => handleOf(letter) === handle);
  const visible = (): Kept[] => [...letters.values()].filter(({ hiddenUntil }) => hiddenUntil <= now());
  const toLying = ({ id, body, sentAt }: Kept): LyingLetter => ({ id, body, sentAt });

  const lay = (body: string, sentAt = now()): string => {
    put++;
    const id = `letter-${put}`;
    letters.set(id, { id, body, sentAt, receives: 0, hiddenUntil: Number.NEGATIVE_INFINITY });
    return id;
  };
  for (const body of bodies) lay(body);

  return {
    get letters() {
      return [...letters.values()].map(toLying);
    },
    get visible() {
      return visible().map(({ body }) => body);
    },
    put: lay,
    async receive(hiddenSeconds) {
      return visible()
        .slice(0, receiveMax)
        .map((letter) => {
          const received = { ...letter, receives: letter.receives + 1, hiddenUntil: now() + hiddenSeconds * 1000 };
          letters.set(letter.id, received);
          return { ...toLying(received), receiptHandle: handleOf(received) };
        });
    },
    async release(receiptHandles) {
      for (const handle of receiptHandles) {
        const letter = ofHandle(handle);
        if (letter !== undefined) letters.set(letter.id, { ...letter, hiddenUntil: Number.NEGATIVE_INFINITY });
      }
    },
    async remove(receiptHandles) {
      return receiptHandles.map((handle) => {
        const letter = ofHandle(handle);
        if (letter === undefined) return false;
        const attempt = (attempts.get(letter.id) ?? 0) + 1;
        attempts.set(letter.id, attempt);
        const fault = removeScript(toLying(letter), attempt);
        if (fault !== 'failed') letters.delete(letter.id);
        return fault === undefined;
      });
    },
    count: async () => letters.size,
  };
};
