import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The service that the test's processor calls for some rows. It is out until it is switched on. */
export type OutsideService = { readonly url: string; switchOn(): void; calls(): number; close(): Promise<void> };

export const startOutsideService = async (): Promise<OutsideService> => {
  let isOn = false;
  let calls = 0;
  const server = createServer((_, response) => {
    calls++;
    response.writeHead(isOn ? 204 : 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    switchOn: () => {
      isOn = true;
    },
    calls: () => calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
