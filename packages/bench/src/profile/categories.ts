import type { Frame } from './cpu-profile.ts';

/** What time of a local run is spent on. */
export const categories = [
  'scan',
  'csv-parse',
  'splitting into fields',
  'cleaning',
  'schema',
  'cleaning stage',
  'splitting stage',
  'reading of the file',
  'packing and JSON',
  'messages between threads',
  'settlement',
  'writing stages',
  'relay stage',
  'audit stage',
  'SQLite write',
  'SQLite commit',
  'SQLite read',
  'row store',
  'job store',
  'queues of the local cloud',
  'calling of the processor',
  'processor (user code)',
  'export of results',
  'report page',
  'progress and samples',
  'module loading',
  'start of the run',
  'event loop',
  'garbage collection',
  'native code',
  'unknown',
  'idle',
] as const;
export type Category = (typeof categories)[number];

type Rule = readonly [category: Category, url: RegExp, functionName?: RegExp];

/** V8's own entries. Native code is what no function of a script called: compiling in the background, the loop's own work. */
const ownEntries = new Map<string, Category>([
  ['(idle)', 'idle'],
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'native code'],
]);

/** The first that fits a frame counts. Code that several call (identities, times, node's own) has none: its callers tell. */
const rules: readonly Rule[] = [
  ['module loading', /^node:internal\/(modules|bootstrap|vm|main|process\/pre_execution)/],
  ['messages between threads', /^$/, /^postMessage$/],
  ['messages between threads', /^node:internal\/(worker|per_context\/messageport)/],
  ['messages between threads', /local-cloud\/src\/(worker-function|function-worker)\.ts$/],
  ['scan', /core\/src\/csv\/(scan|run-reader|plan)\.ts$/],
  ['csv-parse', /\/csv-parse\//],
  ['splitting into fields', /core\/src\/csv\/(parse|run)\.ts$/],
  ['cleaning', /core\/src\/clean\/field\.ts$/],
  ['schema', /core\/src\/clean\//],
  ['cleaning stage', /\/clean-rows\/src\//],
  ['splitting stage', /\/split-file\/src\//],
  ['reading of the file', /local-cloud\/src\/object-store\.ts$|core\/src\/read-object\.ts$/],
  ['reading of the file', /^node:zlib$/],
  ['packing and JSON', /core\/src\/(messages|pack|send)\.ts$/],
  ['settlement', /core\/src\/(queue-stage|stream-stage|row-stage|stage|settle|outage|wait-for-all|invocation)\.ts$/],
  ['settlement', /\/@middy\//],
  ['writing stages', /core\/src\/write-rows\.ts$|\/(store|finish)-rows\/src\/|cli\/src\/final-counts\.ts$/],
  ['relay stage', /\/relay-rows\/src\//],
  ['audit stage', /\/audit-job\/src\//],
  ['SQLite read', /local-cloud\/src\/database\.ts$/, /^(get|all)$/],
  ['SQLite commit', /local-cloud\/src\/database\.ts$/, /^(commit|begin|close)$/],
  ['SQLite write', /local-cloud\/src\/database\.ts$/, /^(run|write)$/],
  ['row store', /local-cloud\/src\/row-store\.ts$/],
  ['job store', /local-cloud\/src\/job-store\.ts$/],
  ['queues of the local cloud', /local-cloud\/src\/(queue|mapping|stream|function|local-cloud|response|clock)\.ts$/],
  ['processor (user code)', /\/processor\.mjs$|\/examples\//],
  ['processor (user code)', /core\/src\/processor\.ts$/, /^process$/],
  ['calling of the processor', /\/process-rows\/src\/|core\/src\/processor\.ts$/],
  ['report page', /cli\/src\/report-page\/render|\/node_modules\/(?:.*\/)?vega/],
  ['progress and samples', /cli\/src\/(progress|stage-counts|run-picture|report-page|view)/],
  ['export of results', /cli\/src\/(export-job|row-lines|text-file|chunk-rejects|report|operate\/read-job-rows)\.ts$/],
  ['start of the run', /local-cloud\/src\/database\.ts$/, /^(openDatabase|prepareTables|lockFolder|prepare)$/],
  ['start of the run', /cli\/src\/|\/esbuild\//],
  ['event loop', /^node:internal\/(timers|process\/task_queues|async_hooks|event_target|streams)|^node:(events|net)/],
];

/** The code of a module itself, as it is loaded. */
const isModule = ({ url, functionName, lineNumber, columnNumber }: Frame): boolean =>
  /^file:|\.m?js$/.test(url) && functionName === '' && lineNumber === 0 && columnNumber === 0;

const ruleOf = (frame: Frame, isFallback: boolean): Category | undefined => {
  if (isModule(frame)) return 'module loading';
  const rule = rules.find(
    ([category, url, functionName]) =>
      (category === 'event loop') === isFallback &&
      url.test(frame.url) &&
      (functionName === undefined || functionName.test(frame.functionName)),
  );
  return rule?.[0];
};

/** What a function was at work for: itself if it says so, or the nearest of its callers that does. Frames as in SelfTime. */
export const categoryOf = (frames: readonly Frame[]): Category => {
  const own = ownEntries.get(frames[0]?.functionName ?? '');
  if (own !== undefined) return own;
  for (const isFallback of [false, true]) {
    for (const frame of frames) {
      const category = ruleOf(frame, isFallback);
      if (category !== undefined) return category;
    }
  }
  return 'unknown';
};
