/** Sizes, numbers and times of a forecast as people read them. Plain text, no colour. */
import { figure } from '../../analysis/phrases.ts';
import type { Pair } from './forecast.ts';
import type { MetricSettings } from './settings.ts';

/** `+16 %`, `1 → 5 %`, `-9.6 points`: what it becomes. Rounded up to two figures: what is said is found is found. */
export function sizeText({ simulated: { metric }, baseline }: MetricSettings, size: number): string {
  if (metric.source === 'error') {
    const { errorRate } = baseline;
    return `${figure(100 * errorRate)} → ${figure(100 * roundedUp(Math.min(1, errorRate + size)))} %`;
  }
  if (metric.source === 'quality')
    return `${metric.worse === 'lower' ? '-' : '+'}${figure(100 * roundedUp(size))} points`;
  return metric.worse === 'higher'
    ? `+${figure(100 * roundedUp(size))} %`
    : `-${figure(100 * roundedUp(size / (1 + size)))} %`;
}

function roundedUp(value: number): number {
  if (!(value > 0) || value >= 1) return value >= 1 ? Math.ceil(value * 10 - 1e-9) / 10 : 0;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit - 1e-9) * unit;
}

/** `120`, `1,500`: a number of units, whole. */
export function countText(units: number): string {
  return units > 0 && units < 1 ? 'less than one' : Math.round(units).toLocaleString('en');
}

/** `1:45` minutes and seconds below an hour, then `2:05 h`; `–` when there is no end in sight. */
export function clockText(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const seconds = Math.ceil(ms / 1000);
  const [large, small, unit] =
    seconds < 3600 ? [seconds / 60, seconds % 60, ''] : [seconds / 3600, Math.floor(seconds / 60) % 60, ' h'];
  return `${Math.floor(large)}:${String(small).padStart(2, '0')}${unit}`;
}

export function pairText({ median, p95 }: Pair, show: (value: number) => string): string {
  const one = (value: number) => (Number.isFinite(value) ? show(value) : '–');
  return `${one(median)} / ${one(p95)}`;
}

export function shareText(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** A duration as a pipeline writes it, rounded up: `90s`, `12m`, `3h`. */
export function documentDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 110) return `${10 * Math.ceil(seconds / 10)}s`;
  return seconds <= 7200 ? `${Math.ceil(seconds / 60)}m` : `${Math.ceil(seconds / 3600)}h`;
}

/** A sentence on as many lines as it needs; the further ones begin with `indent`. No number is parted from its unit. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = /^ */.exec(text)![0];
  let isEmpty = true;
  for (const word of text.trim().split(/ (?!%|points|min\b|→|\d+ %)/)) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = isEmpty ? `${line}${word}` : `${line} ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
