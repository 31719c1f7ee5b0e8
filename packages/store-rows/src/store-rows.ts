import type { QueueHandler, QueueStagePorts } from '@sluice/core/queue-stage';
import { createQueueStage } from '@sluice/core/queue-stage';
import { rowPacks } from '@sluice/core/row-stage';
import type { Services } from '@sluice/core/stage';
import { writeRows } from '@sluice/core/write-rows';

export type StoreRowsPorts = QueueStagePorts<'rows'> & { readonly rows: Pick<Services['rows'], 'insert'> };

/** Inserts each row with status PENDING if it does not exist. A row that exists with the same content is a success. */
export const createStoreRows = (ports: StoreRowsPorts): QueueHandler =>
  createQueueStage(
    {
      ...rowPacks,
      stage: 'store-rows',
      async work(batch, invocation, counts) {
        const insert = ports.rows.insert.bind(ports.rows);
        counts.rowsOut = await writeRows('store-rows', batch, insert, ports, invocation);
      },
    },
    ports,
  );
