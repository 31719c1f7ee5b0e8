import { SluiceError } from '../errors.ts';

/** Errors that say "later". Source: the SDK's classification of throttling errors, and the error lists of SQS and DynamoDB. */
const throttles: ReadonlySet<string> = new Set([
  'KmsThrottled',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);
/** Too many requests; S3's SlowDown, which has no body when it answers a HEAD. Source: HTTP, S3 error responses. */
const throttleStatuses: ReadonlySet<number> = new Set([429, 503]);

const nameLengthMax = 80;

/** The HTTP status that the SDK noted; undefined when no answer came. */
export const statusOf = (thrown: unknown): number | undefined =>
  (thrown as { readonly $metadata?: { readonly httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;

/** The error's name as the service or the SDK gives it. */
export const nameOf = (thrown: unknown): string =>
  (thrown instanceof Error ? String(thrown.name) : typeof thrown).slice(0, nameLengthMax);

/** The code that Node gives a failed connection, such as ECONNREFUSED. */
const codeOf = (thrown: unknown): string => {
  const code: unknown = (thrown as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^E[A-Z_]{2,30}$/.test(code) ? ` ${code}` : '';
};

/**
 * What the SDK threw, once its own retries are spent, as an error of ours: THROTTLED; SERVICE_REFUSED for the names in
 * `refusals`, which no further try can mend; else UNKNOWN, which is transient. A missing permission, queue or credential
 * is of that kind: no message is at fault for it, and all of them go through once it is put right.
 * Keeps the error's name, its status and Node's code: the SDK's own text may quote a payload.
 */
export const toServiceError = (operation: string, thrown: unknown, refusals: ReadonlySet<string>): SluiceError => {
  if (thrown instanceof SluiceError) return thrown;
  const name = nameOf(thrown);
  const status = statusOf(thrown);
  const found = status === undefined ? name + codeOf(thrown) : `${name} with status ${status}`;
  const message = `expected ${operation} to succeed, found ${found}`;
  if (throttles.has(name) || throttleStatuses.has(status ?? 0)) return new SluiceError('THROTTLED', message);
  return new SluiceError(refusals.has(name) ? 'SERVICE_REFUSED' : 'UNKNOWN', message);
};
