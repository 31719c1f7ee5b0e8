/** Why a row could not be cleaned. One rejected row has one code: that of its first failing column in file order. */
export const rejectCodes = [
  'INVALID_UTF8',
  'QUOTE_NOT_CLOSED',
  'RECORD_TOO_LARGE',
  'ROW_TOO_LARGE',
  'FIELD_COUNT',
  'REQUIRED',
  'NOT_INTEGER',
  'NOT_DECIMAL',
  'NOT_BOOLEAN',
  'NOT_DATE',
  'NOT_DATETIME',
  'NOT_IN_VALUES',
  'BELOW_MIN',
  'ABOVE_MAX',
  'TOO_LONG',
  'PATTERN',
] as const;

export type RejectCode = (typeof rejectCodes)[number];

/** A reason for rejecting a row. `message` says what was expected and what kind of thing was found, without row content. `column` is the column's name in the file. */
export type RejectReason = {
  readonly code: RejectCode;
  readonly message: string;
  readonly column?: string;
};
