import { complainAboutProcessor } from '@sluice/core/processor';

// Run in a process of its own, with the path of a bundled processor: tells its parent what is wrong with the module, or nothing.

const complain = async (module: string): Promise<string | undefined> => {
  try {
    const { default: exported } = (await import(module)) as { readonly default?: unknown };
    return complainAboutProcessor(exported);
  } catch (thrown) {
    return `expected the module to load, found: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
};

process.send?.({ complaint: await complain(process.argv[2] ?? '') }, () => process.exit());
