import { countText } from '../terminal-text.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

/** A share of a whole in percent, with two digits that count; nothing of nothing is nothing. */
export const shareText = (part: number, whole: number): string => {
  if (part === 0 || whole === 0) return '0 %';
  if (part === whole) return '100 %';
  const percent = (part / whole) * 100;
  if (percent < 0.01) return 'under 0.01 %';
  // What is not all of it never reads as if it were.
  if (percent > 99.99) return 'over 99.99 %';
  return `${percent.toFixed(2)} %`;
};

/** 14.1 s, 3 min 20 s, 2 h 5 min. */
export const durationText = (seconds: number): string => {
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${countText(hours)} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
};

export const bytesText = (bytes: number): string => {
  if (bytes < 1024) return `${countText(bytes)} bytes`;
  const steps = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const unit = ['KiB', 'MiB', 'GiB', 'TiB'][steps - 1] ?? '';
  return `${(bytes / 1024 ** steps).toFixed(1)} ${unit}`;
};

/** A moment, to the second, in UTC. */
export const momentHtml = (at: number): Html => {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
};

/** A table that is wider than a narrow page scrolls by itself, with the keyboard too. */
export const scrolling = (label: string, table: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;

/** A bar for a share of the longest; the number stands beside it in text. */
export const barHtml = (part: number, most: number, colour: string): Html =>
  html`<span class="bar" aria-hidden="true"><i style="width:${(most > 0 ? (part / most) * 100 : 0).toFixed(1)}%;background:var(${colour})"></i></span>`;
