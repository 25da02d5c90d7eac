/**
 * Seeded streams for the tests of this room: the same draws on every machine, so that a stated rate is a fixed number.
 */
export interface Stream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** exp(σ·Z), median 1. */
  logNormal(sigma: number): number;
  /** True with chance p. */
  flip(p: number): boolean;
}

/** splitmix32: small, fast, and good enough for a few million draws. */
export function seededStream(seed: number): Stream {
  let state = seed >>> 0;
  let spare = Number.NaN;
  const uniform = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = Number.NaN;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, logNormal: sigma => Math.exp(sigma * normal()), flip: p => uniform() < p };
}
