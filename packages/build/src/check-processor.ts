import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const loader = fileURLToPath(new URL('./load-processor.ts', import.meta.url));
/** Lambda gives a function 10 s to start. */
const loadMilliseconds = 10_000;

/**
 * What is wrong with a bundled processor; undefined when a function can be built with it. It is loaded once, in a process of its
 * own: one that cannot be would end every start of the function, and its messages would end in the dead-letter queue.
 */
export const complainAboutModule = (module: string): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const child = fork(loader, [module], { stdio: 'ignore', timeout: loadMilliseconds, killSignal: 'SIGKILL' });
    let answer: { readonly complaint: string | undefined } | undefined;
    child.on('message', (message) => {
      answer = message as typeof answer;
    });
    child.on('error', reject);
    child.on('exit', (status, signal) => {
      if (answer !== undefined) resolve(answer.complaint);
      else if (signal === null) resolve(`expected the module to load, found that it ends its process (${status})`);
      else resolve(`expected the module to load within ${loadMilliseconds / 1000} s, found that it does not`);
    });
  });
