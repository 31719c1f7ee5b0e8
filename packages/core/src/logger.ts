import { Logger } from '@aws-lambda-powertools/logger';

/**
 * A logger for one stage: JSON, INFO, and debug lines for a sample of the invocations. What goes in are codes, counts and
 * ids; never an event, a message body or a row's content (DESIGN 12).
 * `sampleRate` is a share of invocations. Powertools samples one point more than it is told, so one point is taken off;
 * the least above none is 2 %.
 */
export const createLogger = (
  service: string,
  level: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'SILENT' = 'INFO',
  sampleRate = 0,
): Logger =>
  new Logger({
    serviceName: service,
    logLevel: level,
    sampleRateValue: sampleRate === 0 ? 0 : Math.max(0.01, sampleRate - 0.01),
  });
