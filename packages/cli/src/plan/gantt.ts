import type { Style } from '../view/style.ts';

type Paint = (text: string) => string;

/** When something goes on, as a picture of `cells` for the whole time. What happens at all takes a cell. */
export const ganttBar = (
  { startsAt, endsAt, whole }: { readonly startsAt: number; readonly endsAt: number; readonly whole: number },
  cells: number,
  style: Style,
  paint: Paint,
): string => {
  const share = (at: number): number => (whole > 0 ? Math.max(0, Math.min(1, at / whole)) : 0);
  const from = Math.min(cells - 1, Math.floor(share(startsAt) * cells));
  const to = Math.max(from + 1, Math.round(share(endsAt) * cells));
  return `${style.dim('·'.repeat(from))}${paint('█'.repeat(to - from))}${style.dim('·'.repeat(cells - to))}`;
};
