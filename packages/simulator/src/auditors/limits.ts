import type { Fact } from '../facts.ts';
import { violate } from './violate.ts';

/** Calls keep to the limits of their services: one that is refused is refused each time, and wears out what it carries. */
export const checkRefused = (fact: Extract<Fact, { kind: 'refused' }>): void => {
  violate('limits', `expected calls that services take, found one that ${fact.call}: ${fact.reason}`, {}, fact);
};
