/** Stages that carry rows, and queues that rows go through: the others count the file, and audit the job. */
export const carryingStages = ['clean-rows', 'store-rows', 'relay-rows', 'process-rows', 'finish-rows'] as const;
export const carryingQueues = ['chunks', 'rows', 'work', 'finished'] as const;
