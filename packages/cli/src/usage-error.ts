/** Wrong usage, or a file, schema or processor that cannot be used: one line on standard error, exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
