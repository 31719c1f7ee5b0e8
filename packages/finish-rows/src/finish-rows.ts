import type { QueueHandler, QueueStagePorts } from '@sluice/core/queue-stage';
import { createQueueStage } from '@sluice/core/queue-stage';
import { outcomePacks } from '@sluice/core/row-stage';
import type { Services } from '@sluice/core/stage';
import { writeRows } from '@sluice/core/write-rows';

export type FinishRowsPorts = QueueStagePorts<'finished'> & { readonly rows: Pick<Services['rows'], 'finish'> };

/** Moves each row from PENDING to DONE or FAILED. A row that is final with the same outcome is a success. */
export const createFinishRows = (ports: FinishRowsPorts): QueueHandler =>
  createQueueStage(
    {
      ...outcomePacks,
      stage: 'finish-rows',
      async work(batch, invocation, counts) {
        const finish = ports.rows.finish.bind(ports.rows);
        counts.rowsOut = await writeRows('finish-rows', batch, finish, ports, invocation);
      },
    },
    ports,
  );
