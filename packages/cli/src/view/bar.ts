import type { Style } from './style.ts';

/** How far something is, as a picture of `cells`; any number is fine. Full only when it is all of it. */
export const bar = (share: number, cells: number, style: Style): string => {
  const bounded = Math.max(0, Math.min(1, Number.isNaN(share) ? 0 : share));
  const full = bounded === 1 ? cells : Math.min(cells - 1, Math.round(bounded * cells));
  return `${style.good('█'.repeat(Math.max(0, full)))}${style.dim('░'.repeat(cells - Math.max(0, full)))}`;
};

/** A share as people read it, right-aligned; never 100 % before it is all of it. */
export const percentText = (share: number): string =>
  `${Math.floor(Math.max(0, Math.min(1, share)) * 100)} %`.padStart(5);
