/*
 * Sequential states fold blocks in place, so that a stream costs no allocation. From that the pure forms are made here, in one
 * place: on a copy, so that a state which somebody kept stays what it was.
 */

interface Updating {
  update(state: unknown, observation: never, eta?: number): unknown;
  fold(state: unknown, observation: never, eta?: number): unknown;
  restart?(state: unknown): unknown;
}

/** @param process its `restart`, too, changes the state that it is given @returns the same with `update`, and a `restart` that is pure */
export function withUpdate<Process extends object>(process: Omit<Process, 'update'>): Process {
  const { fold, restart } = process as unknown as Updating;
  const pure: Partial<Updating> = {
    update: (state, observation, eta) => fold(copyOf(state), observation, eta),
    ...(restart ? { restart: state => restart(copyOf(state)) } : {}),
  };
  return { ...process, ...pure } as Process;
}

/** Of plain objects, lists and arrays of doubles, all that a state changes; what has a class (a histogram) is never written to, and shared. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Float64Array) return value.slice() as T;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy = {} as T;
  for (const key in value) copy[key] = copyOf(value[key]);
  return copy;
}
