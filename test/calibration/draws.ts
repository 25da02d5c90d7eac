/** Random draws for the simulations, all from one seeded source, so that a figure of the table can be had again. */
export type Random = () => number;

export interface Draws {
  uniform: Random;
  flip(p: number): boolean;
  /** Standard normal. */
  normal(): number;
  /** Median 1. */
  logNormal(sigma: number): number;
  beta(a: number, b: number): number;
  /** Number of successes; n small or p small. */
  binomial(n: number, p: number): number;
}

export function drawsFrom(uniform: Random): Draws {
  let spare = Number.NaN;
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
  /** Marsaglia & Tsang 2000, ACM TOMS 26:363; shapes below 1 by a power of a uniform. */
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * (1 - uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return {
    uniform,
    normal,
    flip: p => uniform() < p,
    logNormal: sigma => Math.exp(sigma * normal()),
    beta(a, b) {
      const [x, y] = [gamma(a), gamma(b)];
      return x + y > 0 ? x / (x + y) : Number(uniform() < a / (a + b));
    },
    binomial(n, p) {
      let k = 0;
      if (p <= 0) return 0;
      if (p > 0.1) {
        for (let i = 0; i < n; i++) if (uniform() < p) k++;
        return k;
      }
      // Gaps between successes are geometric: a draw for each success instead of one for each trial.
      const log = Math.log1p(-p);
      for (let i = Math.floor(Math.log(1 - uniform()) / log); i < n; i += 1 + Math.floor(Math.log(1 - uniform()) / log))
        k++;
      return k;
    },
  };
}
