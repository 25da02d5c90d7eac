/**
 * Special functions on the log scale, as mixtures need them: far in the tail the plain values underflow while their
 * logarithms are still wanted to 1e-10. Plain doubles, no tables.
 */

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/**
 * ln Φ(z), standard normal. Relative error below 1e-14 for any finite z (also at −1e8, where Φ itself is 0). O(1).
 * @see Marsaglia 2004, J. Stat. Software 11(4) for the series; Laplace's continued fraction beyond ±2
 */
export function logNormalCdf(z: number): number {
  if (z < -2) return logScaledNormalCdf(z) - 0.5 * z * z;
  if (z > 2) return Math.log1p(-Math.exp(logNormalCdf(-z)));
  return Math.log(0.5 + Math.exp(-0.5 * z * z - LOG_SQRT_2PI) * oddSeries(z));
}

/** ln(Φ(z)·exp(z²/2)): far below 0 the two factors cancel, and their logarithms must not be subtracted. O(1). */
export function logScaledNormalCdf(z: number): number {
  return z < -2 ? -LOG_SQRT_2PI - Math.log(inverseMills(-z)) : logNormalCdf(z) + 0.5 * z * z;
}

/** Σ z^(2i+1)/(1·3·5…(2i+1)). */
function oddSeries(z: number): number {
  let term = z;
  let sum = z;
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return sum;
}

/** φ(x)/(1 − Φ(x)) = x + 1/(x + 2/(x + 3/(x + …))), x ≥ 2, from the far end: 200 terms suffice at x = 2. */
function inverseMills(x: number): number {
  let value = x;
  for (let i = x > 20 ? 30 : 200; i >= 1; i--) value = x + i / value;
  return value;
}

/** ln B(a, b), a and b > 0: relative error about 1e-15 also where ln Γ(a) and ln Γ(a+b) nearly cancel. O(1). */
export function logBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (small >= 10) {
    const rest = stirlingRest(small) + stirlingRest(large) - stirlingRest(small + large);
    const share = small / (small + large);
    return LOG_SQRT_2PI - 0.5 * Math.log(small) + rest + small * Math.log(share) + (large - 0.5) * Math.log1p(-share);
  }
  if (large >= 10) {
    // ln Γ(large) − ln Γ(large + small) by Stirling's series, whose leading terms are subtracted by hand.
    const rest = stirlingRest(large) - stirlingRest(large + small);
    const sum = large + small;
    return logGamma(small) + rest + small - small * Math.log(sum) + (large - 0.5) * Math.log1p(-small / sum);
  }
  return logGamma(small) + logGamma(large) - logGamma(small + large);
}

/** ln Γ(x), x > 0. */
export function logGamma(x: number): number {
  let product = 1;
  let y = x;
  while (y < 10) product *= y++;
  return (y - 0.5) * Math.log(y) - y + LOG_SQRT_2PI + stirlingRest(y) - Math.log(product);
}

/** ln Γ(x) − Stirling's leading terms, x ≥ 10: the series in 1/x with Bernoulli numbers, error below 1e-17. */
function stirlingRest(x: number): number {
  const w = 1 / (x * x);
  const series =
    1 / 12 -
    w *
      (1 / 360 -
        w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (691 / 360360 - w * (1 / 156 - w * (3617 / 122400)))))));
  return series / x;
}

/**
 * ln of the regularised incomplete beta function I_x(a, b), a and b > 0, x in [0, 1]. Absolute error about 1e-12 on the
 * log scale, however small the value. O(√max(a, b)).
 * @see Lentz's method on the continued fraction DLMF 8.17.22
 */
export function logIncompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return Number.NEGATIVE_INFINITY;
  if (x >= 1) return 0;
  if (x <= (a + 1) / (a + b + 2)) return betaPrefactor(x, a, b) + Math.log(betaFraction(x, a, b) / a);
  const other = betaPrefactor(1 - x, b, a) + Math.log(betaFraction(1 - x, b, a) / b);
  return Math.log1p(-Math.exp(other));
}

function betaPrefactor(x: number, a: number, b: number): number {
  return a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b);
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1), tiny);
  let value = d;
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d, tiny);
    c = nonZero(1 + even / c, tiny);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d, tiny);
    c = nonZero(1 + odd / c, tiny);
    const change = d * c;
    value *= change;
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return value;
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}
