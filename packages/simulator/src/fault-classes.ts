/**
 * Everything that can go wrong in a simulation, by the service it happens at. Each class is switched on or off, and given a rate, by the
 * seed (`draw-faults.ts`).
 */
export const faultClasses = [
  // S3
  'event-duplicated',
  'event-delayed',
  'event-lost',
  'object-overwritten',
  'object-deleted',
  'read-short',
  'read-reset',
  'read-stalled',
  'slow-down',
  // SQS
  'message-duplicated',
  'message-reordered',
  'message-delayed',
  'visibility-expired',
  'send-refused',
  'send-sender-fault',
  'send-lost',
  'send-reply-lost',
  'delete-failed',
  'redrive-early',
  'messages-lost',
  // Lambda
  'crash',
  'timeout',
  'out-of-memory',
  'throttled',
  'zombie',
  'deploy',
  // DynamoDB
  'write-reply-lost',
  'write-lost',
  'throttle-burst',
  'throttle-key',
  'throttle-long',
  'statement-failed',
  'read-failed',
  'index-stale',
  // The table's stream
  'stream-redelivered',
  'shard-split',
  'record-poisoned',
  'mapping-off',
  // Time
  'clock-skew',
  // The user
  'file-twice',
  'key-reused',
  'csv-dirty',
  'processor-fails',
  'processor-hangs',
  'processor-kills',
  'processor-wavers',
  'processor-outage',
  // The operator
  'job-cancelled',
] as const;

export type FaultClass = (typeof faultClasses)[number];
