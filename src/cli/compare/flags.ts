/** The flags of `compare` as values: `name=value` pairs are split and checked here, with what is allowed in every message. */
import { PERCENT, percentFraction } from '../../config/percent.ts';
import type { Direction } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';
import type { Reading } from './arm.ts';
import { DIRECTIONS } from './read-samples.ts';

export interface CompareOptions {
  metric?: string[];
  column?: string[];
  case?: string;
  unit?: string[];
  direction?: string[];
  minEffect?: string[];
  alpha?: string;
  failOn?: string;
  markdown?: boolean;
  html?: string;
}

export interface Wishes extends Reading {
  units: ReadonlyMap<string, string>;
  directions: ReadonlyMap<string, Direction>;
  /** Fractions; the key '' holds for every metric without its own. */
  minEffects: ReadonlyMap<string, number>;
  alpha: number;
  failOn: 'regression' | 'inconclusive';
}

/** @throws SpillwayError USAGE */
export function wishesOf(options: CompareOptions): Wishes {
  const columns = pairs('--column', 'metric=column, such as latency=duration_ms or latency=2', options.column);
  const units = pairs('--unit', 'metric=unit, such as latency=ms', options.unit);
  const directions = pairs('--direction', `metric=${DIRECTIONS.join(' or ')}`, options.direction);
  for (const [name, direction] of directions)
    if (!DIRECTIONS.includes(direction)) throw wrong('--direction', `${name}=${direction}`, DIRECTIONS.join(' or '));
  const { failOn = 'regression' } = options;
  if (failOn !== 'regression' && failOn !== 'inconclusive')
    throw wrong('--fail-on', failOn, 'regression or inconclusive');
  const only = options.metric ?? [];
  const minEffects = minEffectsOf(options.minEffect);
  return {
    columns,
    named: new Set([...only, ...columns.keys(), ...units.keys(), ...directions.keys(), ...minEffects.keys()]),
    caseColumn: options.case,
    only,
    units,
    directions: directions as Map<string, Direction>,
    minEffects,
    alpha: alphaOf(options.alpha),
    failOn,
  };
}

function pairs(flag: string, allowed: string, given: readonly string[] = []): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf('=');
    if (at < 1 || at === text.length - 1) throw wrong(flag, text, allowed);
    const name = text.slice(0, at);
    if (found.has(name)) throw new SpillwayError('USAGE', `${flag} names ${name} twice.`);
    found.set(name, text.slice(at + 1));
  }
  return found;
}

function minEffectsOf(given: readonly string[] = []): Map<string, number> {
  const found = new Map<string, number>();
  for (const text of given) {
    const at = text.indexOf('=');
    const [name, percent] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
    if (!PERCENT.test(percent)) throw wrong('--min-effect', text, 'a percentage: 5%, or latency=5% for one metric');
    if (found.has(name)) throw new SpillwayError('USAGE', `--min-effect names ${name || 'all metrics'} twice.`);
    found.set(name, percentFraction(percent));
  }
  return found;
}

function alphaOf(text = '0.05'): number {
  const alpha = PERCENT.test(text) ? percentFraction(text) : Number(text);
  if (alpha > 0 && alpha <= 0.5) return alpha;
  throw wrong('--alpha', text, 'above 0 and at most 0.5, such as 0.01');
}

function wrong(flag: string, found: string, allowed: string): SpillwayError {
  return new SpillwayError('USAGE', `${flag} must be ${allowed}; found ${JSON.stringify(found)}.`);
}
