/**
 * The zero of an increasing function between two bounds: Newton's steps, and bisection where they would leave the bracket or
 * stop halving it. Reaches the last bits of a double; 1,200 steps at most, about 8 as a rule.
 * @param f returns [value, slope]
 */
export function solveIncreasing(f: (x: number) => [value: number, slope: number], low: number, high: number): number {
  let a = low;
  let b = high;
  let x = (a + b) / 2;
  let lastStep = b - a;
  for (let i = 0; i < 1200; i++) {
    const [value, slope] = f(x);
    if (value === 0) return x;
    if (value < 0) a = x;
    else b = x;
    let next = x - value / slope;
    // Newton may not leave the bracket nor fail to shrink its steps.
    if (!(next > a && next < b) || Math.abs(next - x) > lastStep / 2) next = a + (b - a) / 2;
    lastStep = Math.abs(next - x);
    if (lastStep <= 1e-16 * Math.abs(x) || next === a || next === b) return next;
    x = next;
  }
  return x;
}
