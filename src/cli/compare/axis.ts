/** Where a value goes on an axis and which values are written there; linear, or logarithmic where values span decades. */

export interface Axis {
  min: number;
  max: number;
  isLog: boolean;
  /** 0 to 1; values outside stop at the ends. */
  place(value: number): number;
  /** The value at a place from 0 to 1. */
  at(place: number): number;
  ticks: number[];
}

const DECADES_FOR_LOG = 12;

/** @param values finite, at least one */
export function axisOf(values: ArrayLike<number>, options: { mayBeLog: boolean; outer?: [number, number] }): Axis {
  let [min, max] = options.outer ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    min = Math.min(min, values[i]!);
    max = Math.max(max, values[i]!);
  }
  if (min === max) [min, max] = min === 0 ? [0, 1] : [min - Math.abs(min) * 0.05, max + Math.abs(max) * 0.05];
  const isLog = options.mayBeLog && min > 0 && max / min > DECADES_FOR_LOG;
  const [low, high] = isLog ? [Math.log(min), Math.log(max)] : [min, max];
  return {
    min,
    max,
    isLog,
    place: value => Math.min(1, Math.max(0, ((isLog ? Math.log(Math.max(value, min)) : value) - low) / (high - low))),
    at: place => (isLog ? Math.exp(low + place * (high - low)) : low + place * (high - low)),
    ticks: isLog ? logTicks(min, max) : linearTicks(min, max),
  };
}

function linearTicks(min: number, max: number): number[] {
  const rough = (max - min) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(times => times * size).find(candidate => candidate >= rough) ?? rough;
  const first = Math.ceil(min / step);
  const last = Math.floor(max / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** 1, 2 and 5 of each decade; of more than three decades some alone. */
function logTicks(min: number, max: number): number[] {
  const [first, last] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  const steps = last - first > 3 ? [1] : [1, 2, 5];
  const stride = Math.ceil((last - first) / 8);
  const ticks: number[] = [];
  for (let decade = first; decade <= last; decade += stride)
    for (const step of steps) ticks.push(Number((step * 10 ** decade).toPrecision(3)));
  return ticks.filter(tick => tick >= min && tick <= max);
}
