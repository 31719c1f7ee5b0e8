import { Logger } from '@aws-lambda-powertools/logger';

/** A logger that tells the text of every line, of all levels, to `tell`, and prints nothing. */
class TellingLogger extends Logger {
  readonly #tell: (text: string) => void;

  constructor(service: string, tell: (text: string) => void) {
    super({ serviceName: service, logLevel: 'SILENT' });
    this.#tell = tell;
  }

  #say(given: readonly unknown[]): void {
    this.#tell(JSON.stringify(given));
  }

  override debug(...given: Parameters<Logger['debug']>): void {
    this.#say(given);
  }

  override info(...given: Parameters<Logger['info']>): void {
    this.#say(given);
  }

  override warn(...given: Parameters<Logger['warn']>): void {
    this.#say(given);
  }

  override error(...given: Parameters<Logger['error']>): void {
    this.#say(given);
  }

  override critical(...given: Parameters<Logger['critical']>): void {
    this.#say(given);
  }
}

export const createTellingLogger = (service: string, tell: (text: string) => void): Logger =>
  new TellingLogger(service, tell);
