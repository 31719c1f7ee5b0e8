import { SluiceError } from '@sluice/core/errors';
import { parseWiring } from '@sluice/core/wiring';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import type { Line } from '../view/fit-lines.ts';
import { createLiveView } from '../view/live-view.ts';
import { createStyle } from '../view/style.ts';
import { findJob } from './find-job.ts';
import { createJobLooks } from './job-looks.ts';
import type { JobStatus } from './job-status.ts';
import { toHarmlessJson } from './output.ts';
import { createPredictor, type PredictedStatus } from './prediction.ts';
import { isHeld } from './read-ledger.ts';
import { createOnceBudget, createWatchBudget } from './reading-budget.ts';
import { statusLine, statusLines } from './render-status.ts';
import type { Session } from './session.ts';

export type StatusFlags = { readonly watch: boolean };

/** Where a status is shown. */
export type StatusScreen = {
  readonly stdout: NodeJS.WriteStream;
  /** Takes the picture of a job that is watched. */
  readonly stderr: NodeJS.WriteStream;
  readonly environment?: Readonly<Record<string, string | undefined>>;
};

/** Between two looks at a job that is watched. */
export const lookMilliseconds = 2_000;
/** Looks in a row that may fail before the watch ends. */
const failuresMax = 5;
/** Where there is no terminal, nothing is left out or broken into lines. */
const freeColumns = Number.POSITIVE_INFINITY;

const textOf = (line: Line): string => (typeof line === 'string' ? line : line.text);

/** Exit status by where a job stands: 1 once somebody has to do something, or it ended otherwise than hoped for. */
const exitStatusOf = ({ state }: JobStatus): number => (['PLANNING', 'OPEN', 'COMPLETE'].includes(state) ? 0 : 1);

/** Nothing more comes by itself. A job that waits for somebody goes on when a repair of it was asked for, or its dead rows were sent back. */
const isAtRest = ({ state, repairs, ledger, isPlanned }: JobStatus): boolean =>
  state !== 'PLANNING' && state !== 'OPEN' && !repairs.isAsked && !(state === 'HELD' && isPlanned && !isHeld(ledger));

const say = ({ output }: Session, status: PredictedStatus, stdout: NodeJS.WriteStream): void => {
  const lines = statusLines(status, output.width ?? freeColumns, createStyle(stdout));
  output.result(status, lines.map(textOf));
};

const watch = async (session: Session, jobId: string, screen: StatusScreen): Promise<number> => {
  const { operator, output, signal } = session;
  const { stdout, stderr } = screen;
  const wiring = parseWiring(wiringJson, 'aws');
  const look = createJobLooks(operator, jobId, createWatchBudget(operator.clock), wiring);
  const predict = createPredictor(operator, wiring);
  const view = createLiveView(stderr, screen.environment);
  const style = createStyle(stderr);
  let told = '';
  let failures = 0;

  const show = (status: PredictedStatus): void => {
    if (output.isJson) {
      stdout.write(`${toHarmlessJson(status)}\n`);
      return;
    }
    if (view.isLive) {
      view.draw(({ columns }) => statusLines(status, columns, style));
      return;
    }
    const line = statusLine(status);
    if (line !== told) output.note(`${status.at.slice(0, 19)}Z  ${line}`);
    told = line;
  };

  const lookOnce = async (): Promise<PredictedStatus | undefined> => {
    try {
      const status = await predict(await look(signal), signal);
      failures = 0;
      return status;
    } catch (thrown) {
      failures++;
      const isForNow = thrown instanceof SluiceError && !thrown.permanent && failures < failuresMax;
      if (!isForNow) throw thrown;
      return undefined;
    }
  };

  try {
    for (;;) {
      const status = await lookOnce();
      if (status !== undefined) {
        show(status);
        if (isAtRest(status)) {
          view.end();
          if (!output.isJson) say(session, status, stdout);
          return exitStatusOf(status);
        }
      }
      await operator.clock.sleep(lookMilliseconds, signal);
    }
  } finally {
    view.end();
  }
};

/**
 * Says where a job stands, stage by stage; with `watch` again and again until it is at rest: a picture on a terminal, elsewhere a line
 * for each change, with --json a line of JSON for each look. Writes nothing. An interrupt ends it with status 1.
 */
export const status = async (
  session: Session,
  jobText: string,
  flags: StatusFlags,
  screen: StatusScreen = process,
): Promise<number> => {
  const { operator, signal } = session;
  const { jobId } = await findJob(operator, jobText);
  try {
    if (flags.watch) return await watch(session, jobId, screen);
    const wiring = parseWiring(wiringJson, 'aws');
    const look = createJobLooks(operator, jobId, createOnceBudget(), wiring);
    const found = await createPredictor(operator, wiring)(await look(signal), signal);
    say(session, found, screen.stdout);
    return exitStatusOf(found);
  } catch (thrown) {
    if (signal.aborted) return 1;
    throw thrown;
  }
};
