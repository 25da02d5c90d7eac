/** Numbers in the sentences for people: three figures, percent and points, "not known" instead of NaN. */
import type { Effect } from './live-effect.ts';

export function figure(value: number | null): string {
  if (value === null || Number.isNaN(value)) return 'not known';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : 'minus infinite';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export function percent(fraction: number): string {
  return `${figure(100 * fraction)} %`;
}

/** "candidate 1.42 × baseline [1.31, 1.55]" or "candidate +4.2 points [1.9, 6.4]". */
export function effectPhrase(effect: Effect): string {
  if (effect.value === null) return 'the size of the change cannot be told';
  if (effect.kind === 'ratio') return `candidate ${figure(effect.value)} × baseline${interval(effect, 1)}`;
  const sign = effect.value > 0 ? '+' : '';
  return `candidate ${sign}${figure(100 * effect.value)} points${interval(effect, 100)}`;
}

function interval({ low, high }: Effect, scale: number): string {
  return low === null || high === null ? '' : ` [${figure(scale * low)}, ${figure(scale * high)}]`;
}
