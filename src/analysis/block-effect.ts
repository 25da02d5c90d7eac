/**
 * How large a live change is: the mean over blocks of what each block shows by itself. Stages with other weights, and hours
 * with other traffic, then never mix as samples (no Simpson's paradox). The interval is a normal approximation with a
 * multiplier that holds at all looks (Waudby-Smith et al. 2024, Ann. Statist. 52): for display, severity and "not
 * worse", never for the alarm, and not to be trusted below some hundred blocks.
 */
import type { ValueBlock } from '../stats/e-process.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import type { Effect, LiveEffect } from './live-effect.ts';

type EffectKind = 'logRatio' | 'difference' | 'rate';

export class BlockEffect implements LiveEffect<ValueBlock> {
  readonly #kind: EffectKind;
  readonly #alpha: number;
  /** Blocks counted, the mean of what they show and the sum of squares about it. */
  #n = 0;
  #mean = 0;
  #squares = 0;
  #sumBaseline = 0;
  /** Σ 1/size of the arm in each block: n²/Σ is the arm's effective number of values. */
  #inverseBaseline = 0;
  #inverseCandidate = 0;

  constructor(kind: EffectKind, alpha: number) {
    this.#kind = kind;
    this.#alpha = alpha;
  }

  get blocks(): number {
    return this.#n;
  }

  /** Mean of the baseline's block means: of the logarithms for a ratio. */
  get baselineMean(): number {
    return this.#n === 0 ? 0 : this.#sumBaseline / this.#n;
  }

  get candidateMean(): number {
    return this.baselineMean + this.#mean;
  }

  /** Standard deviation of one block's difference; 0 below two blocks. */
  get spread(): number {
    return this.#n < 2 ? 0 : Math.sqrt(this.#squares / (this.#n - 1));
  }

  /** Blocks of all stages count: each is compared within itself. */
  enterStage(): void {}

  /** Time-outs and zeros have no logarithm: a ratio leaves them out (the test does not). */
  add({ baseline, candidate }: ValueBlock): void {
    const [x, y] = [armMean(baseline, this.#kind), armMean(candidate, this.#kind)];
    if (x !== null && y !== null) this.addMeans({ mean: x, n: baseline.length }, { mean: y, n: candidate.length });
  }

  /** A block of which only the means and sizes of its arms are known. */
  addMeans(baseline: { mean: number; n: number }, candidate: { mean: number; n: number }): void {
    this.#n++;
    const difference = candidate.mean - baseline.mean;
    const away = difference - this.#mean;
    this.#mean += away / this.#n;
    this.#squares += away * (difference - this.#mean);
    this.#sumBaseline += baseline.mean;
    this.#inverseBaseline += 1 / baseline.n;
    this.#inverseCandidate += 1 / candidate.n;
  }

  effect(): Effect {
    const kind = this.#kind === 'logRatio' ? 'ratio' : 'difference';
    if (this.#n === 0) return { kind, value: null, low: null, high: null };
    if (this.#kind === 'rate') return { kind, ...this.#rateInterval() };
    if (this.#n < 2) return { kind, value: this.#onScale(this.#mean), low: null, high: null };
    // Two made-up blocks half a point apart keep scores that never vary from looking certain at once.
    const extra = this.#kind === 'difference' ? 0.5 : 0;
    const spread = Math.sqrt((this.#squares + extra) / (this.#n - 1));
    const margin = (timeUniformZ(this.#n, this.#alpha) * spread) / Math.sqrt(this.#n);
    return {
      kind,
      value: this.#onScale(this.#mean),
      low: this.#onScale(this.#mean - margin),
      high: this.#onScale(this.#mean + margin),
    };
  }

  write(writer: StateWriter): void {
    writer.count(this.#n).double(this.#mean).double(this.#squares).double(this.#sumBaseline);
    writer.double(this.#inverseBaseline).double(this.#inverseCandidate);
  }

  read(reader: StateReader): void {
    this.#n = reader.count();
    this.#mean = reader.double();
    this.#squares = reader.double();
    this.#sumBaseline = reader.double();
    this.#inverseBaseline = reader.double();
    this.#inverseCandidate = reader.double();
  }

  #onScale(x: number): number {
    return this.#kind === 'logRatio' ? Math.min(Math.exp(x), Number.MAX_VALUE) : x;
  }

  /** Newcombe's interval of two Wilson intervals: honest where no error was seen at all. */
  #rateInterval(): { value: number; low: number; high: number } {
    const [p, q] = [this.baselineMean, this.candidateMean];
    const z = timeUniformZ(this.#n, this.#alpha);
    const [pLow, pHigh] = wilson(p, this.#n ** 2 / this.#inverseBaseline, z);
    const [qLow, qHigh] = wilson(q, this.#n ** 2 / this.#inverseCandidate, z);
    const value = q - p;
    return { value, low: value - Math.hypot(q - qLow, pHigh - p), high: value + Math.hypot(qHigh - q, p - pLow) };
  }
}

/** Multiplier of the standard error that covers at every n at once, tightest near n = 100, where alarms fall. */
export function timeUniformZ(n: number, alpha: number): number {
  const logs = -2 * Math.log(alpha);
  const rho2 = (logs + Math.log(logs + 1)) / 100;
  const v = n * rho2 + 1;
  return Math.sqrt(((2 * v) / (n * rho2)) * Math.log(Math.sqrt(v) / alpha));
}

/** Wilson's interval for a rate p of n (need not be whole), at z standard errors. */
export function wilson(p: number, n: number, z: number): [low: number, high: number] {
  const z2n = (z * z) / n;
  const centre = (p + z2n / 2) / (1 + z2n);
  const half = (z / (1 + z2n)) * Math.sqrt((p * (1 - p)) / n + z2n / (4 * n));
  return [Math.min(p, Math.max(0, centre - half)), Math.max(p, Math.min(1, centre + half))];
}

function armMean(values: ArrayLike<number>, kind: EffectKind): number | null {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = kind === 'logRatio' ? Math.log(values[i]!) : values[i]!;
    if (!Number.isFinite(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}
