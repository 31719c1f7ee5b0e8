import { Logger } from '@aws-lambda-powertools/logger';

/**
 * A logger for one stage: JSON, INFO, and debug lines for a sample of the invocations. What goes in are codes, counts and
 * ids; never an event, a message body or a row's content.
 * `sampleRate` is a share of invocations, in whole points. Powertools takes an invocation whose draw, from 0.00 to 0.99, is
 * at most the rate: one point more than it is told. Half a point is taken off, which no rounding can reach.
 */
export const createLogger = (
  service: string,
  level: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'SILENT' = 'INFO',
  sampleRate = 0,
): Logger =>
  new Logger({
    serviceName: service,
    logLevel: level,
    sampleRateValue: sampleRate === 0 ? 0 : Math.max(0.005, sampleRate - 0.005),
  });
