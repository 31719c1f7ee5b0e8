import type { Context } from 'aws-lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { catchOutput } from './caught-output.ts';
import { createLogger } from './logger.ts';

const lines = catchOutput();

afterEach(() => {
  vi.unstubAllEnvs();
});

const parsed = (): unknown[] => lines.map((line) => JSON.parse(line) as unknown);

describe('createLogger', () => {
  it('writes one line of JSON with the stage, the level, the message and what it is given', () => {
    createLogger('store-rows').warn('rows come back', { code: 'THROTTLED', rows: 3 });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
    expect(parsed()).toMatchObject([
      { service: 'store-rows', level: 'WARN', message: 'rows come back', code: 'THROTTLED', rows: 3 },
    ]);
  });

  it('keeps a text with line ends on one line', () => {
    createLogger('store-rows').info('one\ntwo\r\nthree');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n]/);
    expect(parsed()).toMatchObject([{ message: 'one\ntwo\r\nthree' }]);
  });

  it('leaves debug lines out unless it is told otherwise', () => {
    for (const logger of [createLogger('a'), createLogger('b', 'DEBUG'), createLogger('c', 'WARN')]) {
      logger.debug('debug');
      logger.info('info');
      logger.error('error');
    }
    const written = (parsed() as { service: string; message: string }[]).map(({ service, message }) => [
      service,
      message,
    ]);
    expect(written).toEqual([
      ['a', 'info'],
      ['a', 'error'],
      ['b', 'debug'],
      ['b', 'info'],
      ['b', 'error'],
      ['c', 'error'],
    ]);
  });

  it('says nothing at all when it is silent', () => {
    const logger = createLogger('store-rows', 'SILENT');
    logger.error('error');
    logger.critical('critical');
    expect(lines).toEqual([]);
  });

  it('writes no event, though the environment asks for it', () => {
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    const logger = createLogger('store-rows', 'DEBUG');
    logger.addContext({ functionName: 'store-rows', awsRequestId: 'request', memoryLimitInMB: '128' } as Context);
    logger.info('done');
    expect(parsed()).toMatchObject([{ message: 'done', function_request_id: 'request' }]);
    expect(lines.join('')).not.toContain('event');
  });
});

describe('the sample of debug lines', () => {
  const decisions = 300;
  /** Invocations, among many, of which debug lines are written. */
  const sampled = (sampleRate: number): number => {
    const logger = createLogger('store-rows', 'INFO', sampleRate);
    let count = 0;
    // The first refresh keeps the decision that was made at the start.
    for (let i = 0; i < decisions; i++) {
      logger.refreshSampleRateCalculation();
      const before = lines.length;
      logger.debug('here');
      if (lines.slice(before).some((line) => line.includes('here'))) count++;
    }
    return count;
  };
  /** The share that Powertools writes into each line, which is the one it goes by. */
  const toldRate = (sampleRate: number): number => {
    lines.length = 0;
    createLogger('store-rows', 'INFO', sampleRate).error('x');
    return (parsed().at(-1) as { sampling_rate?: number }).sampling_rate ?? 0;
  };

  it('is none by default and none at 0, though the environment asks for it', () => {
    vi.stubEnv('POWERTOOLS_LOGGER_SAMPLE_RATE', '1');
    expect(sampled(0)).toBe(0);
    createLogger('store-rows').debug('here');
    expect(lines).toEqual([]);
  });

  it('is every invocation at 1', () => {
    expect(sampled(1)).toBe(decisions);
  });

  it('is as many points in a hundred as it is told, from 1 to 100', () => {
    // Powertools draws a whole number below 100 and takes the invocation when a hundredth of it is at most the rate.
    const draws = Array.from({ length: 100 }, (_, draw) => draw / 100);
    for (let points = 1; points <= 100; points++) {
      const rate = toldRate(points / 100);
      expect([points, draws.filter((draw) => draw <= rate).length]).toEqual([points, points]);
    }
  });
});
