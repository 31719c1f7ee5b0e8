import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import { nameOf, toServiceError } from '@sluice/core/aws/service-error';
import * as z from 'zod/mini';
import type { MappingSettings, QueueSettings } from './settings.ts';

/** Names of errors by which services say that there is no such thing. */
const absences: ReadonlySet<string> = new Set([
  'NoSuchBucket',
  'NotFound',
  'NotFoundException',
  'QueueDoesNotExist',
  'ResourceNotFoundException',
  'TableNotFoundException',
]);
const refusals: ReadonlySet<string> = new Set();

/** Asks; undefined when what was asked for is not there. */
export const ask = async <Answer>(operation: string, call: Promise<Answer>): Promise<Answer | undefined> => {
  try {
    return await call;
  } catch (thrown) {
    if (absences.has(nameOf(thrown))) return undefined;
    throw toServiceError(operation, thrown, refusals);
  }
};

export const parseJson = (text: string | undefined): unknown => {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Leaves out what is undefined: optional settings are there or not. */
export const given = <Fields extends object>(fields: Fields): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as {
    [Name in keyof Fields]?: NonNullable<Fields[Name]>;
  };

/** SQS gives the number as text, too. Source: SQS, "Configuring a dead-letter queue". */
const redrivePolicy = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().check(z.positive()),
});

export const toRedrive = (text: string | undefined): QueueSettings['redrive'] => {
  const { data } = redrivePolicy.safeParse(parseJson(text));
  return data && { to: data.deadLetterTargetArn, maxReceiveCount: data.maxReceiveCount };
};

export const toMapping = (mapping: EventSourceMappingConfiguration): MappingSettings => ({
  uuid: mapping.UUID ?? '',
  sourceArn: mapping.EventSourceArn ?? '',
  state: mapping.State ?? 'unknown',
  windowSeconds: mapping.MaximumBatchingWindowInSeconds ?? 0,
  responses: mapping.FunctionResponseTypes ?? [],
  filters: (mapping.FilterCriteria?.Filters ?? []).flatMap(({ Pattern }) => Pattern ?? []),
  bisects: mapping.BisectBatchOnFunctionError ?? false,
  ...given({
    lastResult: mapping.LastProcessingResult,
    batchSize: mapping.BatchSize,
    maximumConcurrency: mapping.ScalingConfig?.MaximumConcurrency,
    parallelizationFactor: mapping.ParallelizationFactor,
    maximumRecordAgeSeconds: mapping.MaximumRecordAgeInSeconds,
    maximumRetryAttempts: mapping.MaximumRetryAttempts,
    failureArn: mapping.DestinationConfig?.OnFailure?.Destination,
    startingPosition: mapping.StartingPosition,
  }),
});
