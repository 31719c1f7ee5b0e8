import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sluiceCommand } from './sluice-command.ts';

it('is started as bin/sluice starts it', () => {
  const script = readFileSync(new URL('../../../../bin/sluice', import.meta.url), 'utf8');
  const [, started = ''] = /^exec (.*?)"\$@"/ms.exec(script) ?? [];
  expect(started.match(/--[a-z-]+=\S+/g)).toEqual(sluiceCommand.slice(0, -1));
});
