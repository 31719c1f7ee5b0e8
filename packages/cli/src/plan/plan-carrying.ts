import { parseWiring } from '@sluice/core/wiring';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { startInferProgress } from '../infer/infer-progress.ts';
import { readDeployedSettings } from '../operate/deployed-settings.ts';
import type { Operator } from '../operate/operator.ts';
import { checkOutFile, createOutFile } from '../operate/out-file.ts';
import type { Session } from '../operate/session.ts';
import { UsageError } from '../usage-error.ts';
import { createStyle } from '../view/style.ts';
import { createArticlePlan } from './article-design.ts';
import { countFile } from './count-file.ts';
import { createPlan } from './create-plan.ts';

import type { Plan, PlannedFile } from './plan.ts';
import { type SettingFlags, toPlannedFile, toPlanSettings } from './plan-settings.ts';
import { regionNames } from './price-table.ts';
import { type Comparison, type Design, planLines } from './render-plan.ts';

/** The options of `sluice plan`, checked. */
export type PlanFlags = SettingFlags & {
  readonly rows?: number;
  readonly bytes?: number;
  readonly columns?: number;
  readonly schema?: string;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly header: boolean;
  readonly design: Design;
  readonly chart?: string;
  readonly force: boolean;
  readonly quiet: boolean;
};

/** What a plan is made with: a deployment only if it was asked for. */
export type PlanSession = Pick<Session, 'output' | 'signal'> & {
  readonly operator?: Pick<Operator, 'inspect' | 'stack'>;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
};

/** As --json prints it. */
export type PlanJson = Plan & { readonly design: Design; readonly comparison?: Comparison };

type FoundFile = { readonly file: PlannedFile; readonly notes: readonly string[] };

const findFile = async (path: string | undefined, flags: PlanFlags, session: PlanSession): Promise<FoundFile> => {
  if (path === undefined) {
    const useless = (['schema', 'delimiter', 'encoding'] as const).find((name) => flags[name] !== undefined);
    if (useless !== undefined) throw new UsageError(`--${useless}: expected a FILE with it, found none`);
    return toPlannedFile(flags);
  }
  const given = (['rows', 'bytes', 'columns'] as const).find((name) => flags[name] !== undefined);
  if (given !== undefined) throw new UsageError(`expected a FILE or --${given}, found both: a file tells of itself`);
  const progress = startInferProgress(session.stderr, path, flags.quiet || session.output.isJson);
  const counted = await countFile({ ...flags, file: path }, session.signal, progress.onRead).finally(progress.end);
  if (counted.file.rows === 0) throw new UsageError('expected a file with rows to plan for, found one without');
  return counted;
};

const outcomeOf = ({ seconds, dollars }: Plan) => ({ seconds, dollars });

/**
 * Says how long a file takes and what it costs before anything is spent: text or JSON as the result, and a chart in a file. Throws
 * UsageError for a file, setting or chart that cannot be used.
 */
export const planCarrying = async (session: PlanSession, path: string | undefined, flags: PlanFlags): Promise<void> => {
  const { operator, output, signal } = session;
  if (flags.chart !== undefined) checkOutFile(flags.chart, flags.force, '--chart');
  const wiring = parseWiring(wiringJson, 'aws');
  // What is wrong with the settings is said before a large file is read.
  toPlanSettings(flags, wiring, regionNames);
  const deployed =
    operator === undefined
      ? undefined
      : { region: operator.stack.region, settings: await readDeployedSettings(operator, wiring) };
  signal.throwIfAborted();
  const { file, notes: fileNotes } = await findFile(path, flags, session);
  const { settings, notes } = toPlanSettings(flags, wiring, regionNames, deployed);

  const ours = createPlan(file, settings);
  const isArticle = flags.design === 'article';
  const chosen = isArticle ? createArticlePlan(file, settings) : ours;
  const plan: Plan = { ...chosen, assumptions: [...fileNotes, ...notes, ...chosen.assumptions] };
  const comparison: Comparison | undefined = isArticle
    ? { sluice: outcomeOf(ours), article: outcomeOf(chosen) }
    : undefined;
  const view = {
    design: flags.design,
    ...(path === undefined ? {} : { name: path }),
    ...(comparison === undefined ? {} : { comparison }),
    ...(output.width === undefined ? {} : { width: output.width }),
  };

  if (flags.chart !== undefined) {
    // Loaded only now: what draws charts is large.
    const { renderPlanChart } = await import('./render-plan-chart.ts');
    const svg = await renderPlanChart(plan, view);
    const written = createOutFile(flags.chart, '--chart');
    try {
      written.write(Buffer.from(svg));
      written.finish();
      written.file.close();
    } catch (thrown) {
      written.file.discard();
      throw thrown;
    }
  }
  const { design } = flags;
  const json: PlanJson = { ...plan, design, ...(comparison === undefined ? {} : { comparison }) };
  output.result(json, planLines(plan, view, createStyle(session.stdout)));
};
