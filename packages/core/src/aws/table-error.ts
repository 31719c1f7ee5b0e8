import type { SluiceError } from '../errors.ts';
import { nameOf, toServiceError } from './service-error.ts';

/** What DynamoDB will never take, however often it is sent. Source: the error lists of its operations. */
const refusals: ReadonlySet<string> = new Set(['ValidationException', 'ItemCollectionSizeLimitExceededException']);

/** What a call of a table's threw, as an error of ours. `operation` says what was to succeed. */
export const toTableError = (operation: string, thrown: unknown): SluiceError =>
  toServiceError(operation, thrown, refusals);

/** True when the table had no room for the call: it may be made again, and counts as nothing that failed. */
export const isThrottle = (thrown: unknown): boolean => toTableError('a call', thrown).code === 'THROTTLED';

/** True when the condition of a write did not hold. */
export const isConditionFailed = (thrown: unknown): boolean => nameOf(thrown) === 'ConditionalCheckFailedException';

/** The answer of a call; when it fails, an error of ours. */
export const callTable = async <Answer>(operation: string, call: Promise<Answer>): Promise<Answer> => {
  try {
    return await call;
  } catch (thrown) {
    throw toTableError(operation, thrown);
  }
};
