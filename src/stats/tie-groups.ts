/**
 * Walks two sorted samples together, one group of equal values at a time. Ranks, ties and distribution functions of the
 * pooled sample all come from this single walk; nothing is pooled or sorted again. O(n + m), no allocation.
 * @param visit values of x and y in the group, then how many of each lie below it
 */
export function forEachTieGroup(
  x: Float64Array,
  y: Float64Array,
  visit: (countX: number, countY: number, belowX: number, belowY: number) => void,
): void {
  const n = x.length;
  const m = y.length;
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    const value = j >= m || (i < n && x[i]! <= y[j]!) ? x[i]! : y[j]!;
    const startX = i;
    const startY = j;
    while (i < n && x[i] === value) i++;
    while (j < m && y[j] === value) j++;
    visit(i - startX, j - startY, startX, startY);
  }
}
