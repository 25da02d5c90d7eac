/**
 * Adjusted p-values for several tests at once, in the order given: compare each with the level as if it stood alone.
 */

/**
 * Holm's step-down: the chance of any false alarm stays at the level, whatever the dependence. Never worse than Bonferroni.
 * O(k log k). @throws RangeError on a p outside [0, 1]
 * @see Holm 1979, Scandinavian Journal of Statistics 6:65; [.01, .01, .04, .04, .5] gives [.05, .05, .12, .12, .5]
 */
export function holm(pValues: ArrayLike<number>): number[] {
  const order = upward(pValues);
  const adjusted = new Array<number>(order.length);
  let running = 0;
  for (const [rank, index] of order.entries()) {
    running = Math.max(running, Math.min(1, (order.length - rank) * pValues[index]!));
    adjusted[index] = running;
  }
  return adjusted;
}

/**
 * Benjamini and Hochberg: bounds the expected share of false alarms among the alarms, for independent or positively
 * dependent tests. For many metrics on show, not for a verdict. O(k log k).
 * @see Benjamini and Hochberg 1995, JRSS B 57:289
 */
export function benjaminiHochberg(pValues: ArrayLike<number>): number[] {
  const order = upward(pValues);
  const adjusted = new Array<number>(order.length);
  let running = 1;
  for (let rank = order.length - 1; rank >= 0; rank--) {
    const index = order[rank]!;
    running = Math.min(running, (order.length * pValues[index]!) / (rank + 1));
    adjusted[index] = running;
  }
  return adjusted;
}

/** Each p times their number, at most 1. */
export function bonferroni(pValues: ArrayLike<number>): number[] {
  return upward(pValues).map((_, i) => Math.min(1, pValues.length * pValues[i]!));
}

/** Indexes by rising p; checks them on the way. */
function upward(pValues: ArrayLike<number>): number[] {
  const order = Array.from({ length: pValues.length }, (_, i) => i);
  for (const i of order) {
    const p = pValues[i]!;
    if (!(p >= 0 && p <= 1)) throw new RangeError(`a p-value must lie in [0, 1], got ${p} at index ${i}`);
  }
  return order.sort((a, b) => pValues[a]! - pValues[b]!);
}
