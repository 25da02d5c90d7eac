/**
 * Metrics that are known by name: which way is worse, the margin that a change must pass, the unit that a column's name
 * gives away (`latency_ms`, `costUsd`). What is not known here has to be said on the command line.
 */
import type { Direction } from '../../config/plan.ts';

interface Known {
  direction: Direction;
  minEffect: number;
}

const SLOWER: Known = { direction: 'lowerIsBetter', minEffect: 0.05 };
const POINTS: Known = { direction: 'higherIsBetter', minEffect: 0.02 };
const ERRORS: Known = { direction: 'lowerIsBetter', minEffect: 0.01 };
const FASTER: Known = { direction: 'higherIsBetter', minEffect: 0.05 };

const KNOWN: Readonly<Record<string, Known>> = {
  latency: SLOWER,
  duration: SLOWER,
  ttft: SLOWER,
  tokens: SLOWER,
  cost: SLOWER,
  costUsd: SLOWER,
  quality: POINTS,
  score: POINTS,
  pass: POINTS,
  accuracy: POINTS,
  errors: ERRORS,
  throughput: FASTER,
  http_req_duration: SLOWER,
  http_req_failed: ERRORS,
  checks: POINTS,
};

/** Other spellings of the same metric. */
const ALIASES: Readonly<Record<string, string>> = {
  error: 'errors',
  failed: 'errors',
  passed: 'pass',
  success: 'pass',
};
const UNITS: Readonly<Record<string, string>> = {
  ns: 'ns',
  us: 'us',
  ms: 'ms',
  s: 's',
  sec: 's',
  seconds: 's',
  usd: 'USD',
};

export const DEFAULT_MIN_EFFECT = 0.05;

export function knownMetric(name: string): Known | undefined {
  return Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
}

/** The metric that a column means: `latencyMs` and `latency_ms` are `latency` in ms. Undefined for a name that says nothing. */
export function metricOfColumn(column: string): { name: string; unit?: string } | undefined {
  const whole = lowerFirst(column.trim());
  const exact = ALIASES[whole] ?? whole;
  if (knownMetric(exact)) return exact === 'costUsd' ? { name: exact, unit: 'USD' } : { name: exact };
  const parts = /^(.+?)(?:_([a-z]+)|([A-Z][a-z]*))$/.exec(whole);
  if (!parts) return undefined;
  const [, base = '', snake, camel] = parts;
  const unit = UNITS[(snake ?? camel ?? '').toLowerCase()];
  if (unit === undefined || !knownMetric(base)) return undefined;
  return { name: base === 'cost' ? 'costUsd' : base, unit };
}

/** A column that the user named is that metric, whatever it is called; its name may still tell the unit. */
export function metricNamed(column: string, named: ReadonlySet<string>): { name: string; unit?: string } | undefined {
  const found = metricOfColumn(column);
  return named.has(column) ? { ...found, name: column } : found;
}

/** What is wrong with two columns whose names mean one metric. */
export function twoColumns(name: string, columns: readonly string[]): string {
  return `${columns.join(' and ')} both mean ${name}; say which one with --column ${name}=…`;
}

/** `Latency` is `latency`; `HTTP` stays. */
function lowerFirst(text: string): string {
  return /^[A-Z][^A-Z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}
