import { endWith } from './end-with.ts';
import { reportBuild } from './report-build.ts';

// `make build`. PROCESSOR is a path, as seen from the folder that make was called in.

await endWith('build', async () => {
  await reportBuild(process.env['PROCESSOR'], (text) => void process.stdout.write(text));
});
