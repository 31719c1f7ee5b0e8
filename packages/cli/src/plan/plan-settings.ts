import { type StageName, type StageSettings, stageNames, type Wiring, writerConcurrency } from '@sluice/core/wiring';
import type { DeployedSettings } from '../operate/deployed-settings.ts';
import { countText, toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';
import type { PlannedFile, PlanSettings } from './plan.ts';
import type { ByStage } from './plan-values.ts';

/** What the deployment and the user's code are told to be like; what is not told is as the defaults have it. */
export type SettingFlags = {
  readonly region?: string;
  readonly writeUnits?: number;
  readonly tableUnits?: number;
  readonly memory?: ByStage;
  readonly concurrency?: ByStage;
  readonly rowsPerMessage?: number;
  readonly processorWait?: number;
  readonly processorCpu?: number;
  readonly resultBytes?: number;
  readonly accountConcurrency?: number;
};

export const defaults = {
  region: 'us-east-1',
  /** DynamoDB: write units a second of a new on-demand table. Source: developer guide, "On-demand capacity mode". */
  tableUnitsPerSecond: 4_000,
  /** Lambda: the quota that an account begins with, and some new ones with less. Source: Lambda, "Quotas". */
  accountConcurrency: 1_000,
  processorWaitMilliseconds: 0,
  processorCpuMicroseconds: 10,
  /** About what the built-in processor answers. */
  resultBytes: 45,
  /** A row of the usual exports: eight fields of ten characters. */
  rowBytes: 90,
  columns: 8,
} as const;

/** A deployment that exists: where it is, and how it is set. */
export type Deployed = { readonly region: string | undefined; readonly settings: DeployedSettings };

/** Settings, and sentences about what was taken for want of better. */
export type FoundSettings = { readonly settings: PlanSettings; readonly notes: readonly string[] };

const regionOf = (
  given: string | undefined,
  deployed: Deployed | undefined,
  regions: readonly string[],
): { readonly region: string; readonly notes: readonly string[] } => {
  if (given !== undefined) {
    if (regions.includes(given)) return { region: given, notes: [] };
    const found = toTerminalText(JSON.stringify(given), 60);
    throw new UsageError(`--region: expected one of ${regions.join(', ')}, found ${found}`);
  }
  const found = deployed === undefined ? defaults.region : deployed.region;
  if (found !== undefined && regions.includes(found)) return { region: found, notes: [] };
  const why =
    found === undefined
      ? 'The region of the deployment is not known'
      : `There are no prices of ${toTerminalText(found)}`;
  return { region: defaults.region, notes: [`${why}: those of ${defaults.region} are taken.`] };
};

const changeStages = (
  wiring: Wiring,
  { memory = {}, concurrency = {}, writeUnits }: SettingFlags,
): Wiring['stages'] => {
  const ofStage = (stage: StageName): StageSettings => {
    const settings = wiring.stages[stage];
    const isWriter = stage === 'store-rows' || stage === 'finish-rows';
    // As Terraform makes it of the write budget.
    const written = isWriter && writeUnits !== undefined ? writerConcurrency(writeUnits) : undefined;
    const maximumConcurrency = concurrency[stage] ?? written ?? settings.maximumConcurrency;
    return {
      ...settings,
      memoryMegabytes: memory[stage] ?? settings.memoryMegabytes,
      ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
    };
  };
  return Object.fromEntries(stageNames.map((stage) => [stage, ofStage(stage)])) as Wiring['stages'];
};

/**
 * The settings to plan with: what is given, else what the deployment has, else the defaults. `regions` are those with prices. Throws
 * UsageError for another region.
 */
export const toPlanSettings = (
  flags: SettingFlags,
  wiring: Wiring,
  regions: readonly string[],
  deployed?: Deployed,
): FoundSettings => {
  const found = deployed?.settings;
  const base = found?.wiring ?? wiring;
  const { region, notes } = regionOf(flags.region, deployed, regions);
  const unknownTable =
    found !== undefined && found.tableUnitsPerSecond === undefined && flags.tableUnits === undefined
      ? [
          `What the deployment's table takes at once is not known: it is taken for a new one, ${countText(defaults.tableUnitsPerSecond)} write units a second.`,
        ]
      : [];
  return {
    settings: {
      region,
      wiring: {
        stages: changeStages(base, flags),
        pipeline: {
          ...base.pipeline,
          writeUnitsPerSecond: flags.writeUnits ?? base.pipeline.writeUnitsPerSecond,
          rowsPerMessage: flags.rowsPerMessage ?? base.pipeline.rowsPerMessage,
        },
      },
      tableUnitsPerSecond: flags.tableUnits ?? found?.tableUnitsPerSecond ?? defaults.tableUnitsPerSecond,
      processorWaitMilliseconds: flags.processorWait ?? defaults.processorWaitMilliseconds,
      processorCpuMicroseconds: flags.processorCpu ?? defaults.processorCpuMicroseconds,
      resultBytes: flags.resultBytes ?? defaults.resultBytes,
      accountConcurrency: flags.accountConcurrency ?? found?.accountConcurrency ?? defaults.accountConcurrency,
    },
    notes: [...notes, ...unknownTable],
  };
};

/** A file that is not there yet, as it is told to be. Throws UsageError for one without rows, or with more rows than bytes. */
export const toPlannedFile = ({
  rows,
  bytes,
  columns,
}: {
  readonly rows?: number;
  readonly bytes?: number;
  readonly columns?: number;
}): { readonly file: PlannedFile; readonly notes: readonly string[] } => {
  if (rows === undefined) {
    throw new UsageError('expected a FILE to look at, or --rows N (such as --rows 558k), found neither');
  }
  if (bytes !== undefined && bytes < rows) {
    throw new UsageError(
      `--bytes: expected at least a byte for each of ${countText(rows)} rows, found ${countText(bytes)}`,
    );
  }
  const notes = [
    ...(bytes === undefined ? [`A row has ${defaults.rowBytes} bytes, since --bytes does not say.`] : []),
    ...(columns === undefined ? [`A row has ${defaults.columns} columns, since --columns does not say.`] : []),
    'Every row can be cleaned.',
  ];
  return {
    file: {
      rows,
      bytes: bytes ?? rows * defaults.rowBytes,
      columns: columns ?? defaults.columns,
      acceptedShare: 1,
      known: 'given',
    },
    notes,
  };
};
