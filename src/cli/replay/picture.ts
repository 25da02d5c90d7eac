/** The e-values along the samples as lines of small bars: nothing seen at the bottom, the alarm at the top. */
import type { Point } from './series.ts';

const BARS = '▁▂▃▄▅▆▇█';

export interface Track {
  name: string;
  /** The e-value that raises the alarm, above 1. */
  alarmAt: number;
}

/** One line a metric, in the order of the e-values. @param width bars, at most */
export function evidenceLines(points: readonly Point[], tracks: readonly Track[], width: number): string[] {
  const widest = Math.max(...tracks.map(({ name }) => name.length));
  return tracks.map(({ name, alarmAt }, i) => {
    const bars = columnsOf(
      points.map(({ e }) => e[i] ?? 1),
      width,
    ).map(e => bar(e, alarmAt));
    return `${name.padEnd(widest)}  ${bars.join('')}`;
  });
}

/** The height is logarithmic; the whole block is kept for the alarm itself. */
function bar(e: number, alarmAt: number): string {
  if (e >= alarmAt) return BARS.at(-1)!;
  const height = Math.log(Math.max(1, e)) / Math.log(alarmAt);
  return BARS[Math.min(BARS.length - 2, Math.floor(height * (BARS.length - 1)))]!;
}

/** Of several values in one column the highest is shown: an alarm must not hide between two bars. */
function columnsOf(values: readonly number[], width: number): number[] {
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * values.length) / count);
    return Math.max(...values.slice(from, Math.floor(((i + 1) * values.length) / count)));
  });
}
