import type { PlannedChange } from './deployment.ts';

/** A change that a plan shows right after an apply because of what the emulator answers; see docs/emulator-gaps.md. */
type Difference = {
  readonly address: RegExp;
  readonly attributes: readonly string[];
  /** Its heading in docs/emulator-gaps.md. */
  readonly gap: string;
};

const known: readonly Difference[] = [];

/** Splits planned changes into those that are known to be the emulator's, and the rest. */
export const unexplained = (
  changes: readonly PlannedChange[],
): { readonly explained: string[]; readonly left: string[] } => {
  const explained: string[] = [];
  const left: string[] = [];
  for (const { address, actions, attributes } of changes) {
    const shown = `${address}: ${actions.join(' and ')} of ${attributes.join(', ')}`;
    const difference = known.find(
      (it) => it.address.test(address) && attributes.every((name) => it.attributes.includes(name)),
    );
    if (difference === undefined) left.push(shown);
    else explained.push(`${shown} (the emulator's: ${difference.gap})`);
  }
  return { explained, left };
};
