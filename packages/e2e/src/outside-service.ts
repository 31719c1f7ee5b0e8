import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The service that the test's processor calls for some rows. It answers nobody until it is switched on, and wants no goods of
 * kind `unwanted` until it is mended.
 */
export type OutsideService = {
  readonly url: string;
  switchOn(): void;
  switchOff(): void;
  mend(): void;
  /** Calls that were made so far, whatever became of them. */
  calls(): number;
  close(): Promise<void>;
};

/** Where the processor asks whether unwanted goods are wanted by now. */
const wantedPath = '/wanted';

export const startOutsideService = async (): Promise<OutsideService> => {
  let isOn = false;
  let isMended = false;
  let calls = 0;
  const server = createServer(({ url }, response) => {
    calls++;
    const isFine = url === wantedPath ? isMended : isOn;
    response.writeHead(isFine ? 204 : url === wantedPath ? 404 : 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    switchOn: () => {
      isOn = true;
    },
    switchOff: () => {
      isOn = false;
    },
    mend: () => {
      isMended = true;
    },
    calls: () => calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
