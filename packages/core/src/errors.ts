/**
 * Every failure the pipeline names itself. `permanent`: trying again cannot mend it, so it is marked or recorded and
 * acknowledged. `transient`: it is tried again, and the last delivery marks the row dead. An error that is
 * not of this class is unknown, and unknown is transient.
 */
export const errorCatalogue = {
  // A file that cannot be read as CSV. The job ends REFUSED, the file stays as it is.
  FILE_FORMAT: 'permanent',
  FILE_ENCODING: 'permanent',
  FILE_LINE_ENDS: 'permanent',
  FILE_TRUNCATED: 'permanent',
  FILE_TOO_LARGE: 'permanent',
  HEADER_INVALID: 'permanent',
  HEADER_TOO_LARGE: 'permanent',
  TOO_MANY_COLUMNS: 'permanent',
  SCHEMA_INVALID: 'permanent',
  SCHEMA_MISMATCH: 'permanent',
  TOO_MANY_REJECTS: 'permanent',

  // The bytes of the job's file version can no longer be read. The job ends SUPERSEDED.
  OBJECT_CHANGED: 'permanent',

  // Somebody called the job off. It ends REFUSED.
  CANCELLED: 'permanent',

  // A message nobody can read. It comes back until its queue sets it aside.
  MESSAGE_INVALID: 'transient',
  // A row that exists with other content: the first write stays, an alarm is raised.
  CONTENT_MISMATCH: 'permanent',
  // The plan and the chunk's bytes disagree on the number of rows.
  PLAN_MISMATCH: 'transient',
  // The table refused the item for good (a ValidationException).
  ROW_REFUSED: 'permanent',
  // The user's processor.
  BAD_RESULT: 'permanent',
  RESULT_TOO_LARGE: 'permanent',
  PROCESSOR_ERROR: 'transient',
  TIMEOUT: 'transient',

  // Services.
  THROTTLED: 'transient',
  OUT_OF_TIME: 'transient',
  LEASE_HELD: 'transient',
  SEND_FAILED: 'transient',
  READ_INCOMPLETE: 'transient',
  SERVICE_REFUSED: 'permanent',
  UNKNOWN: 'transient',
} as const satisfies Record<string, 'permanent' | 'transient'>;

export type ErrorCode = keyof typeof errorCatalogue;

/**
 * The one error class. `message` says what was expected and what was found, and never holds row content;
 * it may be logged and stored.
 */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly permanent: boolean;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'SluiceError';
    this.code = code;
    this.permanent = errorCatalogue[code] === 'permanent';
  }
}

/** The code and message under which a thrown value is marked. An unknown error's own text may quote a payload, so only its class is kept. */
export const describeError = (thrown: unknown): { code: ErrorCode; message: string } => {
  if (thrown instanceof SluiceError) return { code: thrown.code, message: thrown.message };
  const given: unknown = thrown instanceof Error ? thrown.name : typeof thrown;
  const name = typeof given === 'string' ? given : 'Error';
  return { code: 'UNKNOWN', message: `expected success, found an error of class ${name.slice(0, 80)}` };
};
