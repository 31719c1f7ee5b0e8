import { describe, expect, it } from 'vitest';
import { replaceSection, sectionOf } from './document.ts';

const page = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n';

describe('a page', () => {
  it('keeps everything outside the markers', () => {
    expect(replaceSection(page, 'new\n')).toBe('before\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nafter\n');
    expect(sectionOf(replaceSection(page, 'new $& section'))).toBe('new $& section');
  });

  it('needs both markers, in their order', () => {
    expect(() => replaceSection('<!-- bench:end --><!-- bench:begin -->', 'x')).toThrow('expected a page with');
    expect(() => sectionOf('nothing')).toThrow('expected a page with');
  });
});
