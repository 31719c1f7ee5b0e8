import type { StageCounts } from '@sluice/core/ports/metrics';
import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';

// What the main thread and a worker that runs functions say to each other.

/** Handed to the worker when it starts. */
export type WorkerStart = {
  /** URL of a module whose default export is a `WorkerModule`. */
  readonly module: string;
  readonly buckets: Readonly<Record<string, string>>;
  /** Whatever the module needs; it is copied. */
  readonly data: unknown;
};

/** A service whose methods the worker may call on the main thread. */
export type RemoteService = 'jobs' | QueueName;

export type ToWorker =
  | {
      readonly kind: 'invoke';
      readonly id: number;
      readonly stage: StageName;
      readonly event: unknown;
      readonly context: { readonly awsRequestId: string; readonly functionName: string; readonly endsAt: number };
    }
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly code: string | undefined; readonly message: string };

export type ToMain =
  | { readonly kind: 'ready' }
  | { readonly kind: 'disk full' }
  | { readonly kind: 'answer'; readonly id: number; readonly response: unknown; readonly busyMilliseconds: number }
  | { readonly kind: 'thrown'; readonly id: number; readonly busyMilliseconds: number }
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly caller: StageName;
      readonly service: RemoteService;
      readonly method: string;
      readonly arguments: readonly unknown[];
    }
  | { readonly kind: 'metrics'; readonly counts: StageCounts };
