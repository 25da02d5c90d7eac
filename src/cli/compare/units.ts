/** Units of time that turn into each other. Anything else is the same only by the same name. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
};

/** By what values in `from` are multiplied to be in `to`; undefined where they cannot be. */
export function conversion(from: string | undefined, to: string | undefined): number | undefined {
  if (from === to) return 1;
  if (from === undefined || to === undefined) return undefined;
  const [a, b] = [MILLISECONDS[from], MILLISECONDS[to]];
  return a === undefined || b === undefined ? undefined : a / b;
}
