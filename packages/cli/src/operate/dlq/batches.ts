import type { Session } from '../session.ts';
import { createProgress } from './progress.ts';
import { createPace, type Pace } from './rate.ts';
import type { Found } from './visit-letters.ts';

/** Batches in a row of which not one letter went, after which it is not the letters. */
const fruitlessMax = 3;

/** Acts upon a batch; resolves to how many letters are gone after it. */
type Act = (batch: readonly Found[]) => Promise<number>;

/** Letters that are acted upon a few at a time, at a rate. */
export type Batches = {
  readonly pace: Pace;
  /** Batches in a row came to nothing, and it was ended for that. */
  readonly isFruitless: boolean;
  /** `enough` when nothing more is to be acted upon: it was interrupted, or batches in a row came to nothing. */
  act(chosen: readonly Found[], act: Act): Promise<'enough' | undefined>;
};

/** `what` is done to letters, as notes of progress say it. */
export const createBatches = (session: Session, rate: number, what: string): Batches => {
  const { operator, output, signal } = session;
  const pace = createPace(rate, operator, signal);
  const progress = createProgress(session, what);
  let gone = 0;
  let fruitless = 0;
  return {
    pace,
    get isFruitless() {
      return fruitless >= fruitlessMax;
    },
    async act(chosen, act) {
      for (let from = 0; from < chosen.length; from += pace.batchMax) {
        const batch = chosen.slice(from, from + pace.batchMax);
        if (!(await pace.wait(batch.length))) return 'enough';
        const ofBatch = await act(batch);
        gone += ofBatch;
        fruitless = ofBatch === 0 ? fruitless + 1 : 0;
        if (fruitless === fruitlessMax) {
          output.note(`stopped: of ${fruitlessMax} batches in a row nothing went through`);
          return 'enough';
        }
        progress(gone);
      }
      return undefined;
    },
  };
};
