import { afterEach, describe, expect, it, vi } from 'vitest';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { catchOutput } from '../caught-output.ts';
import { budgetVariables, createSeams, endpointOf, readEnvironment } from './start-stage.ts';

const variables = { ENVIRONMENT: 'dev', LOG_LEVEL: 'INFO', LOG_SAMPLE_RATE: '0', ROWS_TABLE: 'rows' };

const lines = catchOutput();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('readEnvironment', () => {
  it('reads what every function is told and what this one is told', () => {
    expect(readEnvironment({ ...variables }, { ROWS_TABLE: 'text' })).toEqual({
      ENVIRONMENT: 'dev',
      LOG_LEVEL: 'INFO',
      LOG_SAMPLE_RATE: 0,
      ROWS_TABLE: 'rows',
    });
  });

  it('names what is wrong with both in one error', () => {
    expect(() => readEnvironment({ LOG_LEVEL: 'LOUD' }, { ROWS_TABLE: 'text' })).toThrow(
      /ENVIRONMENT: .*LOG_LEVEL: .*LOG_SAMPLE_RATE: .*ROWS_TABLE: /,
    );
  });
});

describe('the logger of a stage', () => {
  /** Levels of the lines that a stage writes in an environment like this. */
  const levelsOf = (given: Readonly<Record<string, string>>): unknown[] => {
    for (const [name, value] of Object.entries(given)) vi.stubEnv(name, value);
    const { logger } = createSeams('store-rows', readEnvironment(process.env, {}));
    logger.refreshSampleRateCalculation();
    lines.length = 0;
    logger.debug('debug');
    logger.info('info');
    logger.warn('warn');
    return lines.map((line) => (JSON.parse(line) as { readonly level: string }).level);
  };
  /** As Terraform sets Lambda's own filter. */
  const lambda = { AWS_LAMBDA_LOG_LEVEL: 'DEBUG' };

  it('writes from LOG_LEVEL on, not from the level that Lambda lets through', () => {
    expect(levelsOf({ ...variables, ...lambda })).toEqual(['INFO', 'WARN']);
    expect(levelsOf({ ...variables, ...lambda, LOG_LEVEL: 'WARN' })).toEqual(['WARN']);
  });

  it('writes debug lines of the sampled invocations', () => {
    expect(levelsOf({ ...variables, ...lambda, LOG_SAMPLE_RATE: '1' })).toEqual(['DEBUG', 'INFO', 'WARN']);
  });

  it('listens to no variable of Powertools', () => {
    const foreign = {
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
      POWERTOOLS_LOGGER_SAMPLE_RATE: '1',
      POWERTOOLS_LOGGER_LOG_EVENT: 'true',
      POWERTOOLS_DEV: 'true',
      POWERTOOLS_SERVICE_NAME: 'other',
    };
    expect(levelsOf({ ...variables, ...lambda, ...foreign })).toEqual(['INFO', 'WARN']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ service: 'store-rows' });
  });
});

describe('the seams of a stage', () => {
  const seamsOf = (given: Readonly<Record<string, string>>) =>
    createSeams('store-rows', readEnvironment({ ...variables, ...given }, budgetVariables));

  it('write metrics as a line on standard output', () => {
    const { metrics } = createSeams('store-rows', readEnvironment({ ...variables }, {}));
    metrics({ stage: 'store-rows', rowsIn: 1, rowsOut: 1, retried: 0, dead: 0, messagesFailed: 0 });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { stage: 'store-rows', environment: 'dev', RowsIn: 1 },
    ]);
  });

  it('hold the wiring as it is on AWS', () => {
    const { wiring } = createSeams('store-rows', readEnvironment({ ...variables }, {}));
    expect(wiring.stages).toEqual(wiringJson.stages);
    expect(wiring.pipeline).toEqual(wiringJson.pipeline);
  });

  it('hold the write budget that the environment gives', () => {
    const { wiring } = seamsOf({ WRITE_UNITS_PER_SECOND: '40000', MAXIMUM_CONCURRENCY: '80' });
    expect(wiring.pipeline.writeUnitsPerSecond).toBe(40_000);
    expect(wiring.stages['store-rows']).toEqual({ ...wiringJson.stages['store-rows'], maximumConcurrency: 80 });
    expect(wiring.stages['finish-rows']).toEqual(wiringJson.stages['finish-rows']);
  });
});

describe('endpointOf', () => {
  it('is the endpoint that is given, and nothing where there is none', () => {
    expect(endpointOf(readEnvironment({ ...variables }, {}))).toEqual({});
    const AWS_ENDPOINT_URL = 'http://127.0.0.1:4566';
    expect(endpointOf(readEnvironment({ ...variables, AWS_ENDPOINT_URL }, {}))).toEqual({ endpoint: AWS_ENDPOINT_URL });
  });
});
