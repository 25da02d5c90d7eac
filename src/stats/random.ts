/**
 * Random numbers that can be repeated: xoshiro128** seeded by splitmix32. For permutation tests, bootstraps and simulations;
 * never for anything secret.
 * @see Blackman and Vigna 2021, Scrambled linear pseudorandom number generators, ACM TOMS 47:36
 */

/** @param seed any integer; only its low 32 bits count. @returns a source of numbers in [0, 1), 32 bits each */
export function seededRandom(seed: number): () => number {
  let mix = seed >>> 0;
  const next = () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  return () => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result / 2 ** 32;
  };
}
