/** What all plots share: the size, the frame, ticks and captions. SVG text without script; colours come from the page's style. */
import type { Axis } from './axis.ts';

export const WIDTH = 460;
export const HEIGHT = 250;
export const LEFT = 62;
export const RIGHT = 14;
export const TOP = 14;
export const BOTTOM = 42;
export const ARMS = ['baseline', 'candidate'] as const;

export function frame(title: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}"><title>${escapeText(title)}</title>${parts.join('')}</svg>`;
}

export function level(y: number, text: string): string {
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y)}" y2="${round(y)}"/><text class="tick" x="${LEFT - 6}" y="${round(y + 4)}" text-anchor="end">${text}</text>`;
}

export function caption(below: string, beside: string): string {
  const middle = (HEIGHT - BOTTOM + TOP) / 2;
  const side =
    beside === ''
      ? ''
      : `<text class="name" transform="translate(13 ${middle}) rotate(-90)" text-anchor="middle">${escapeText(beside)}</text>`;
  return `<text class="name" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escapeText(below)}</text>${side}`;
}

/** Ticks whose words would not run into each other. */
export function spaced(ticks: readonly number[], axis: Axis): number[] {
  const kept: number[] = [];
  for (const tick of ticks) {
    const last = kept.at(-1);
    if (last === undefined || axis.place(tick) - axis.place(last) > 0.09) kept.push(tick);
  }
  return kept;
}

export function escapeText(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`);
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
