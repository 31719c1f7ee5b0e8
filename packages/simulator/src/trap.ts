import childProcess from 'node:child_process';
import crypto from 'node:crypto';
import dns from 'node:dns';
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import workerThreads from 'node:worker_threads';
import zlib from 'node:zlib';

/** Something in a simulation reached for the world outside it: the same seed would not be the same run. */
export class Escaped extends Error {
  constructor(name: string) {
    super(`expected everything in a simulation to come from its seed, found a use of ${name}`);
    this.name = 'Escaped';
  }
}

type Holder = Record<string, unknown>;

const whatIsShut: readonly (readonly [name: string, holder: unknown, members: readonly string[]])[] = [
  ['Date', Date, ['now']],
  ['Math', Math, ['random']],
  ['performance', performance, ['now', 'mark', 'measure']],
  ['process', process, ['hrtime', 'cpuUsage', 'uptime']],
  ['globalThis', globalThis, ['setTimeout', 'setInterval', 'setImmediate', 'fetch']],
  ['node:timers', timers, ['setTimeout', 'setInterval', 'setImmediate']],
  ['node:timers/promises', timersPromises, ['setTimeout', 'setInterval', 'setImmediate']],
  ['node:crypto', crypto, ['randomUUID', 'randomBytes', 'randomInt', 'randomFill', 'randomFillSync']],
  ['crypto', globalThis.crypto, ['randomUUID', 'getRandomValues']],
  ['node:fs', fs, functionsOf(fs)],
  ['node:fs/promises', fsPromises, functionsOf(fsPromises)],
  ['node:child_process', childProcess, functionsOf(childProcess)],
  ['node:net', net, ['connect', 'createConnection', 'createServer']],
  ['node:dns', dns, functionsOf(dns)],
  ['node:http', http, ['request', 'get', 'createServer']],
  ['node:https', https, ['request', 'get', 'createServer']],
  ['node:worker_threads', workerThreads, ['Worker']],
  // Its streams and callbacks work in other threads, and answer when those are done.
  ['node:zlib', zlib, functionsOf(zlib).filter((name) => !name.endsWith('Sync') && name !== 'crc32')],
];

function functionsOf(holder: object): string[] {
  return Object.entries(holder).flatMap(([name, value]) =>
    typeof value === 'function' && /^[a-z]/.test(name) ? [name] : [],
  );
}

/** `new Date()` reads the clock; with an argument it is arithmetic. */
const shutDate = (RealDate: DateConstructor): DateConstructor =>
  new Proxy(RealDate, {
    construct(target, given: unknown[], newTarget) {
      if (given.length === 0) throw new Escaped('new Date()');
      return Reflect.construct(target, given, newTarget) as object;
    },
    apply: () => {
      throw new Escaped('Date()');
    },
  });

let depth = 0;

/**
 * Runs `work` while real time, chance, timers and I/O throw Escaped for everything in this process. Whoever needs them
 * meanwhile (the scheduler) has taken them before.
 */
export const sealed = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  if (depth++ > 0) {
    try {
      return await work();
    } finally {
      depth--;
    }
  }
  const opened: (() => void)[] = [];
  const shut = (holder: Holder, member: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(holder, member);
    Object.defineProperty(holder, member, { value, configurable: true, writable: true, enumerable: true });
    opened.push(() => {
      if (before === undefined) delete holder[member];
      else Object.defineProperty(holder, member, before);
    });
  };
  for (const [name, holder, members] of whatIsShut) {
    for (const member of members) {
      shut(holder as Holder, member, () => {
        throw new Escaped(`${name}.${member}`);
      });
    }
  }
  shut(globalThis as unknown as Holder, 'Date', shutDate(Date));
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    depth--;
    for (const open of opened.reverse()) open();
    syncBuiltinESMExports();
  }
};
