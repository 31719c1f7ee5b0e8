import { writeSync } from 'node:fs';

// Imports the module that is its argument, as Lambda's runtime does, and tells what that took. Plain JavaScript, so that nothing
// else is loaded. Without an argument: what it takes to be here.

const [module] = process.argv.slice(2);
const { handler } = module === undefined ? {} : await import(module);
const { user, system } = process.cpuUsage();
writeSync(1, JSON.stringify({ isHandler: typeof handler === 'function', cpuMilliseconds: (user + system) / 1000 }));
