// What `sluice dlq` can do; loaded when it is asked for.
export { drop } from './drop.ts';
export { exportLetters } from './export-letters.ts';
export { list } from './list.ts';
export { redrive } from './redrive.ts';
export { show } from './show.ts';
