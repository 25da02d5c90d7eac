/**
 * A store that fails on demand, for tests of what stands on it: the real store behind it, with chosen methods rejecting
 * as a full disk or a lost connection would. `before` fails without writing; `after` writes and loses the answer, which
 * is what a dropped connection does to a commit. Not used in production.
 */
import { SpillwayError } from '../errors.ts';
import type { Store } from './store.ts';

export type StoreMethod = Exclude<keyof Store, 'close' | 'onChange'>;

export interface Faults {
  /** These methods (all, when none is named) reject with STORE_UNAVAILABLE until `heal`. */
  fail(...methods: StoreMethod[]): void;
  /** Only the next call of this method, at this point of it. */
  failNext(method: StoreMethod, when?: 'before' | 'after'): void;
  heal(): void;
  /** How often each method was called, failed calls included. */
  readonly calls: ReadonlyMap<StoreMethod, number>;
}

function fault(method: string): SpillwayError {
  return new SpillwayError('STORE_UNAVAILABLE', `The store cannot be used: ${method} fails on demand`);
}

export function faultyStore(store: Store): { store: Store; faults: Faults } {
  const down = new Set<string>();
  const next = new Map<string, 'before' | 'after'>();
  const calls = new Map<StoreMethod, number>();
  const call = async (method: StoreMethod, run: () => Promise<unknown>) => {
    calls.set(method, (calls.get(method) ?? 0) + 1);
    const once = next.get(method);
    next.delete(method);
    if (once === 'before' || down.has(method) || down.has('*')) throw fault(method);
    const answer = await run();
    if (once === 'after') throw fault(method);
    return answer;
  };
  const faulty = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name === 'close' || name === 'onChange' || typeof value !== 'function') return value;
      return (...args: unknown[]) => call(name as StoreMethod, () => Reflect.apply(value, target, args));
    },
  });
  const faults: Faults = {
    fail(...methods) {
      for (const method of methods.length === 0 ? ['*'] : methods) down.add(method);
    },
    failNext: (method, when = 'before') => void next.set(method, when),
    heal() {
      down.clear();
      next.clear();
    },
    calls,
  };
  return { store: faulty, faults };
}
