import { fileURLToPath } from 'node:url';
import type { BenchContext, Contender, Sample } from '../experiment.ts';
import type { NullCounts } from '../null-endpoint/null-counts.ts';
import { type NullEndpoint, nullEnvironment, startNullEndpoint } from '../null-endpoint/start-null-endpoint.ts';
import { pythonEnvironment } from './python-environment.ts';
import { type Command, runProcesses } from './run-processes.ts';

/** What one run of a peer is given: a process per list of arguments, and how many rows they are to carry. */
export type PeerWork = {
  readonly processes: readonly (readonly string[])[];
  readonly rows: number;
};

export type PeerSettings = {
  readonly id: string;
  readonly title: string;
  readonly divisor?: number;
  readonly language: 'node' | 'python';
  /** In the folder of its language. */
  readonly script: string;
  readonly counted: keyof Pick<NullCounts, 'sqsMessages' | 'writes'>;
  readonly prepare: (context: BenchContext, endpoint: NullEndpoint) => Promise<PeerWork>;
};

const interpreterOf = async ({ language }: PeerSettings, { note }: BenchContext): Promise<Command | undefined> => {
  if (language === 'node') return [process.execPath, '--disable-warning=ExperimentalWarning'];
  const python = await pythonEnvironment(note);
  return python === undefined ? undefined : [python];
};

/**
 * A peer over the null endpoint. Throws unless the endpoint counted every row, but for those that the peer's parser gave up on. Where its
 * language is not there it has no figures.
 */
export const createPeer = (settings: PeerSettings): Contender => ({
  id: settings.id,
  title: settings.title,
  ...(settings.divisor === undefined ? {} : { divisor: settings.divisor }),
  async run(context): Promise<Sample> {
    const { id, language, script, counted, prepare } = settings;
    const interpreter = await interpreterOf(settings, context);
    if (interpreter === undefined) return {};
    const path = fileURLToPath(new URL(`./${language}/${script}`, import.meta.url));
    const endpoint = await startNullEndpoint();
    try {
      const { processes, rows } = await prepare(context, endpoint);
      const run = await runProcesses({
        commands: processes.map((args): Command => [...interpreter, path, ...args]),
        environment: {
          ...nullEnvironment(endpoint.url),
          AWS_EC2_METADATA_DISABLED: 'true',
          // Nothing is left beside the sources.
          PYTHONDONTWRITEBYTECODE: '1',
        },
        signal: context.signal,
        onReady: endpoint.reset,
      });
      const found = (await endpoint.counts())[counted];
      if (run.rows !== found || run.rows + run.skipped !== rows) {
        const told = `${run.rows} told, ${found} counted, ${run.skipped} skipped`;
        throw new Error(`${id}: expected ${rows} rows, found ${told}`);
      }
      if (run.skipped > 0) context.note(`${id}: its parser skipped ${run.skipped} of ${rows} rows`);
      return {
        rowsPerSecond: run.rows / run.seconds,
        cpuMicrosecondsPerRow: run.cpuMicroseconds / run.rows,
        peakMebibytes: run.peakMebibytes,
      };
    } finally {
      await endpoint.close();
    }
  },
});
