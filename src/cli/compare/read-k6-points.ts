/** Points of `k6 run --out json=FILE`: JSON Lines, one measurement a line. Trends are samples, rates are yes and no. */
import type { Collector } from './collector.ts';
import type { JsonObject } from './json-document.ts';
import { isObject } from './json-document.ts';
import { knownMetric } from './metric-names.ts';
import { valueOf } from './number.ts';

export function isK6Line(value: unknown): boolean {
  return (
    isObject(value) && (value.type === 'Metric' || value.type === 'Point') && 'metric' in value && isObject(value.data)
  );
}

/** Metrics of a stream of points. */
export class K6Points {
  readonly collectors = new Map<string, Collector>();
  readonly units = new Map<string, string>();
  readonly #named: ReadonlySet<string>;
  readonly #create: () => Collector;

  constructor(named: ReadonlySet<string>, create: () => Collector) {
    this.#named = named;
    this.#create = create;
  }

  /** @returns what is wrong with the line, if anything */
  add(row: JsonObject): string | undefined {
    const name = String(row.metric);
    if (!knownMetric(name) && !this.#named.has(name)) return undefined;
    const data = row.data as JsonObject;
    if (row.type === 'Metric') {
      if (data.contains === 'time') this.units.set(name, 'ms');
      return undefined;
    }
    const value = valueOf(data.value);
    if (typeof value !== 'number') return `data.value ${value ?? 'is missing'}`;
    let collector = this.collectors.get(name);
    if (!collector) {
      collector = this.#create();
      this.collectors.set(name, collector);
    }
    collector.add(value);
    return undefined;
  }
}
