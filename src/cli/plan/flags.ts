/** The flags of `plan` as values: traffic, what metrics are like, which regressions to look for. Checked here, with what is allowed. */
import { PERCENT, percentFraction } from '../../config/percent.ts';
import { oneOf } from '../../config/show.ts';
import { SpillwayError } from '../../errors.ts';

export interface PlanOptions {
  rate?: string;
  users?: number;
  errorRate?: string;
  spread?: string[];
  quality?: string;
  effect?: string[];
  runs?: number;
  seed?: number;
  strict?: boolean;
}

export interface PlanWishes {
  /** Requests of all traffic a second. */
  perSecond: number | undefined;
  users: number | undefined;
  /** Fraction, 0 to below 1. */
  errorRate: number | undefined;
  /** Standard deviation of the logarithm by metric; the key '' holds for all without their own. */
  spreads: ReadonlyMap<string, number>;
  /** Mean quality, 0 to 1. */
  quality: number | undefined;
  /** As written, a fraction: of errors the rate to which they rise, of quality the points lost, else the share by which it is worse. */
  effects: ReadonlyMap<string, number>;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

/** @param metrics the names that may be named. @throws SpillwayError USAGE */
export function planWishesOf(options: PlanOptions, metrics: readonly string[]): PlanWishes {
  const { rate, users, errorRate, quality } = options;
  return {
    perSecond: rate === undefined ? undefined : rateOf(rate),
    users,
    errorRate: errorRate === undefined ? undefined : errorRateOf(errorRate),
    spreads: spreadsOf(options.spread, metrics),
    quality: quality === undefined ? undefined : qualityOf(quality),
    effects: effectsOf(options.effect, metrics),
  };
}

function rateOf(text: string): number {
  const [, amount = '', unit = 's'] = /^(\d+(?:\.\d+)?)(?:\/(s|min|h))?$/.exec(text) ?? [];
  const perSecond = Number(amount) / SECONDS[unit]!;
  if (amount !== '' && perSecond > 0 && perSecond <= 1e7) return perSecond;
  throw wrong('--rate', text, 'requests above 0, such as 20/s, 600/min or 3000/h; a bare number is a second');
}

function errorRateOf(text: string): number {
  const rate = PERCENT.test(text) ? percentFraction(text) : Number.NaN;
  if (rate >= 0 && rate < 1) return rate;
  throw wrong('--error-rate', text, 'a percentage from 0% to below 100%, such as 0.5%');
}

function qualityOf(text: string): number {
  const mean = PERCENT.test(text) ? percentFraction(text) : Number(text);
  if (text.trim() !== '' && mean >= 0 && mean <= 1) return mean;
  throw wrong('--quality', text, 'a mean from 0 to 1, such as 0.85');
}

function spreadsOf(given: readonly string[] = [], metrics: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const text of given) {
    const at = text.indexOf('=');
    const [name, spread] = [text.slice(0, Math.max(0, at)), Number(text.slice(at + 1))];
    if (!(spread > 0 && spread <= 5) || at === 0)
      throw wrong('--spread', text, 'above 0 and at most 5, the standard deviation of the logarithm: latency=0.8');
    if (name !== '')
      named(
        '--spread',
        name,
        metrics.filter(metric => metric !== 'errors' && metric !== 'quality'),
      );
    if (found.has(name)) throw new SpillwayError('USAGE', `--spread names ${name || 'all metrics'} twice.`);
    found.set(name, spread);
  }
  return found;
}

function effectsOf(given: readonly string[] = [], metrics: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const text of given) {
    const at = text.indexOf('=');
    const [name, percent] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
    const effect = PERCENT.test(percent) ? percentFraction(percent) : Number.NaN;
    if (at < 1 || !(effect > 0 && effect <= 20))
      throw wrong(
        '--effect',
        text,
        'metric=percentage: latency=25%, errors=5% (the rate they rise to), quality=10% (points)',
      );
    named('--effect', name, metrics);
    if (found.has(name)) throw new SpillwayError('USAGE', `--effect names ${name} twice.`);
    found.set(name, effect);
  }
  return found;
}

function named(flag: string, name: string, metrics: readonly string[]): void {
  if (metrics.includes(name)) return;
  const allowed = metrics.length > 0 ? `it can be ${oneOf(metrics)}` : 'this pipeline measures none that it could name';
  throw new SpillwayError('USAGE', `${flag} names ${JSON.stringify(name)}, which is not measured live; ${allowed}.`);
}

function wrong(flag: string, found: string, allowed: string): SpillwayError {
  return new SpillwayError('USAGE', `${flag} must be ${allowed}; found ${JSON.stringify(found)}.`);
}
