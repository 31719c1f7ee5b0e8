import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { createEmfMetrics } from '../emf.ts';
import type { Declared, Environment } from '../environment.ts';
import { parseEnvironment } from '../environment.ts';
import { createLogger } from '../logger.ts';
import { realClock } from '../real-clock.ts';
import type { Seams } from '../stage.ts';
import type { StageName } from '../wiring.ts';
import { parseWiring } from '../wiring.ts';

/** What every function is told. AWS_ENDPOINT_URL, which the SDK reads too, is there only where the services are not AWS's own. */
const stageVariables = {
  ENVIRONMENT: 'text',
  LOG_LEVEL: 'level',
  LOG_SAMPLE_RATE: 'share',
  AWS_ENDPOINT_URL: 'optional url',
} as const satisfies Readonly<Record<string, Declared>>;

/** The write budget of the table, which a stage that writes rows is told, since whoever deploys it sets it. */
export const budgetVariables = {
  WRITE_UNITS_PER_SECOND: 'whole',
  MAXIMUM_CONCURRENCY: 'whole',
} as const satisfies Readonly<Record<string, Declared>>;

type StageEnvironment = Environment<typeof stageVariables> &
  Partial<{ readonly [Name in keyof typeof budgetVariables]: number }>;

/** Variables by which somebody else could have a say in what is logged, beside LOG_LEVEL and LOG_SAMPLE_RATE. */
const isForeign = (name: string): boolean => name === 'AWS_LAMBDA_LOG_LEVEL' || name.startsWith('POWERTOOLS_');

/**
 * Reads the environment of a function: what all are told, and what `declarations` say of this one. Throws one Error that
 * names every variable that is missing or wrong.
 *
 * Takes out of `variables` what the logger would read by itself. AWS_LAMBDA_LOG_LEVEL is Lambda's own filter, which stands at
 * DEBUG so that sampled lines pass it: the logger takes it for its level, above the one that it is given, and would write every
 * debug line of every invocation. POWERTOOLS_DEV would send lines through Lambda's console, which wraps them once more.
 */
export const readEnvironment = <const Declarations extends Readonly<Record<string, Declared>>>(
  variables: Record<string, string | undefined>,
  declarations: Declarations,
): Environment<typeof stageVariables & Declarations> => {
  for (const name of Object.keys(variables).filter(isForeign)) delete variables[name];
  return parseEnvironment(variables, { ...stageVariables, ...declarations });
};

/** What every stage gets besides services, as it is on AWS: the machine's clock, sampled logs, metrics on standard output. */
export const createSeams = (stage: StageName, environment: StageEnvironment): Seams => {
  const wiring = parseWiring(wiringJson, 'aws');
  const {
    WRITE_UNITS_PER_SECOND: writeUnitsPerSecond = wiring.pipeline.writeUnitsPerSecond,
    MAXIMUM_CONCURRENCY: maximumConcurrency,
  } = environment;
  const settings = wiring.stages[stage];
  return {
    clock: realClock,
    random: Math.random,
    logger: createLogger(stage, environment.LOG_LEVEL, environment.LOG_SAMPLE_RATE),
    metrics: createEmfMetrics({
      environment: environment.ENVIRONMENT,
      // Not through a console: Lambda's wraps what it is given.
      write: (line) => void process.stdout.write(line),
      clock: realClock,
    }),
    wiring: {
      stages: {
        ...wiring.stages,
        [stage]: maximumConcurrency === undefined ? settings : { ...settings, maximumConcurrency },
      },
      pipeline: { ...wiring.pipeline, writeUnitsPerSecond },
    },
  };
};

/** Where the clients find the services. What is not said, the SDK finds out by itself. */
export const endpointOf = ({ AWS_ENDPOINT_URL: endpoint }: StageEnvironment): { readonly endpoint?: string } =>
  endpoint === undefined ? {} : { endpoint };
