import fc from 'fast-check';
import { expect, describe as group, test } from 'vitest';
import {
  type Alternative,
  bonferroni,
  brunnerMunzel,
  cauchyCombination,
  cohensD,
  describe,
  fisherExact,
  hodgesLehmann,
  holm,
  kolmogorovSmirnov,
  mannWhitney,
  mcNemar,
  pairedT,
  prepareSample,
  quantileInterval,
  ratioOfGeometricMeans,
  type Sample,
  seededRandom,
  signFlip,
  studentT,
  twoProportions,
  welchT,
  wilcoxonSignedRank,
} from './battery.ts';

/** Few distinct values: ties, constants and separation all happen. */
const sample = (minLength: number, maxLength: number) =>
  fc.array(fc.integer({ min: -6, max: 6 }), { minLength, maxLength });
const anySample = fc.array(fc.double({ noNaN: true }), { maxLength: 12 });
const close = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(b)));
const TWO_SAMPLE = { studentT, welchT, mannWhitney, brunnerMunzel, kolmogorovSmirnov };
const FLIPPED: Record<Alternative, Alternative> = { 'two-sided': 'two-sided', greater: 'less', less: 'greater' };

group.each(Object.entries(TWO_SAMPLE))('%s', (name, run) => {
  test('answers the mirrored question when the samples change places', () => {
    fc.assert(
      fc.property(
        sample(2, 20),
        sample(2, 20),
        fc.constantFrom(...(Object.keys(FLIPPED) as Alternative[])),
        (x, y, side) => {
          const there = run(x, y, { alternative: side });
          const back = run(y, x, { alternative: FLIPPED[side] });
          expect(back.status).toBe(there.status);
          close(back.p, there.p);
        },
      ),
    );
  });

  test('is never NaN, always in [0, 1], and says why it has no answer', () => {
    fc.assert(
      fc.property(anySample, anySample, (x, y) => {
        const { status, p, log10P } = run(x, y);
        expect(p >= 0 && p <= 1 && log10P <= 0, `${name} ${status} ${p} ${log10P}`).toBe(true);
        if (x.length === 0 || y.length === 0) expect(status).toBe('no_data');
      }),
    );
  });

  test('does not change when both samples are scaled by a power of two and shifted by a whole number', () => {
    fc.assert(
      fc.property(sample(2, 20), sample(2, 20), fc.integer({ min: -30, max: 30 }), (x, y, exponent) => {
        const moved = (values: number[]) => values.map(value => (value + 1000) * 2 ** exponent);
        close(run(moved(x), moved(y)).p, run(x, y).p);
      }),
    );
  });

  test('rejects NaN with an error that says what to do', () => {
    expect(() => run([1, Number.NaN], [1, 2])).toThrow(/NaN.*drop or count/);
  });
});

group('exact distributions agree with enumeration', () => {
  /** Every way to choose n of the pooled values as x: how large a share is at least as extreme as the one observed? */
  function shareOfLabelings(x: number[], y: number[], statistic: (x: number[], y: number[]) => number): number {
    const pooled = [...x, ...y];
    const observed = statistic(x, y);
    let all = 0;
    let extreme = 0;
    for (let mask = 0; mask < 2 ** pooled.length; mask++) {
      const chosen = pooled.filter((_, i) => (mask >> i) & 1);
      if (chosen.length !== x.length) continue;
      all++;
      if (
        statistic(
          chosen,
          pooled.filter((_, i) => !((mask >> i) & 1)),
        ) >=
        observed - 1e-9
      )
        extreme++;
    }
    return extreme / all;
  }

  test('of the rank sum, with ties', () => {
    fc.assert(
      fc.property(sample(1, 5), sample(1, 5), (x, y) => {
        const { p, status } = mannWhitney(x, y, { alternative: 'greater', method: 'exact' });
        if (status === 'ok')
          close(
            p,
            shareOfLabelings(x, y, (a, b) => mannWhitney(a, b, { method: 'asymptotic' }).u1),
          );
      }),
      { numRuns: 40 },
    );
  });

  test('of the largest distance, without ties', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 6, maxLength: 9 });
    fc.assert(
      fc.property(distinct, fc.integer({ min: 1, max: 5 }), (values, n) => {
        const [x, y] = [values.slice(0, n), values.slice(n)];
        close(
          kolmogorovSmirnov(x, y).p,
          shareOfLabelings(x, y, (a, b) => kolmogorovSmirnov(a, b).d),
        );
      }),
      { numRuns: 40 },
    );
  });

  test('of sign flips and signed ranks', () => {
    fc.assert(
      fc.property(sample(1, 9), fc.constantFrom<Alternative>('two-sided', 'greater', 'less'), (d, alternative) => {
        const sum = d.reduce((a, b) => a + b, 0);
        const side = { 'two-sided': Math.abs, greater: (s: number) => s, less: (s: number) => -s }[alternative];
        let hits = 0;
        for (let mask = 0; mask < 2 ** d.length; mask++) {
          const flipped = d.reduce((total, value, i) => total + ((mask >> i) & 1 ? value : -value), 0);
          if (side(flipped) >= side(sum)) hits++;
        }
        close(signFlip(d, { alternative }).p, hits / 2 ** d.length);
      }),
    );
    expect(wilcoxonSignedRank([1, 2, 3]).p).toBe(0.25);
  });
});

group('Hodges–Lehmann', () => {
  test('finds the same order statistics as sorting all differences', () => {
    fc.assert(
      fc.property(sample(4, 60), sample(4, 60), fc.integer({ min: 1, max: 7 }), (x, y, divisor) => {
        const scaled = x.map(value => value / divisor);
        const all = scaled.flatMap(a => y.map(b => a - b)).sort((a, b) => a - b);
        const half = all.length / 2;
        expect(hodgesLehmann(scaled, y).shift).toBe((all[Math.ceil(half) - 1]! + all[Math.floor(half)]!) / 2);
      }),
    );
  });

  test('does so too where the candidates are narrowed by sampled pivots', () => {
    const random = seededRandom(5);
    const [x, y] = [300, 417].map(n => Array.from({ length: n }, () => Math.round(1e3 * Math.tan(3 * random()))));
    const all = x!.flatMap(a => y!.map(b => a - b)).sort((a, b) => a - b);
    const { shift, ci } = hodgesLehmann(x!, y!);
    const pairs = all.length;
    const k = Math.floor(pairs / 2 - 1.959963984540054 * Math.sqrt((pairs * (300 + 417 + 1)) / 12));
    expect(shift).toBe((all[pairs / 2 - 1]! + all[pairs / 2]!) / 2);
    expect(ci).toEqual([all[k - 1], all[pairs - k]]);
  });

  test('the pseudo-median of many differences is that of all pairwise means', () => {
    const random = seededRandom(6);
    const d = Array.from({ length: 200 }, () => Math.round(40 * random()) - 19);
    const means = d.flatMap((a, i) => d.slice(i).map(b => (a + b) / 2)).sort((a, b) => a - b);
    expect(wilcoxonSignedRank(d).pseudoMedian).toBe((means[10_049]! + means[10_050]!) / 2);
  });
});

group('outcomes instead of surprises', () => {
  test('timeouts as Infinity are ranked, and refused where a mean is needed', () => {
    const [x, y] = [
      [1, 2, 3, Number.POSITIVE_INFINITY],
      [1, 2, 3, 4],
    ];
    expect(welchT(x, y)).toMatchObject({ status: 'not_finite', p: 1 });
    expect(mannWhitney(x, y)).toMatchObject({ status: 'ok', u1: 8.5 });
    expect(describe(x)).toMatchObject({ mean: Number.POSITIVE_INFINITY, p50: 2.5, p99: Number.POSITIVE_INFINITY });
  });

  test('values whose difference leaves the range of a double still have a p', () => {
    const { status, p } = welchT([8.98e292, 0], [-1.797693134862315e308, 0]);
    expect(status).toBe('ok');
    close(p, 0.5);
  });

  test('two constants have the p of the exact rank test, on the side they differ', () => {
    for (const run of [studentT, welchT]) {
      expect(run([2, 2, 2], [1, 1])).toMatchObject({ status: 'degenerate_different', t: Number.POSITIVE_INFINITY });
      close(run([2, 2, 2], [1, 1]).p, mannWhitney([2, 2, 2], [1, 1]).p);
      expect(run([2, 2, 2], [1, 1], { alternative: 'less' }).p).toBe(1);
    }
    expect(cohensD([2, 2], [1, 1])).toEqual({ status: 'degenerate_different', d: Number.POSITIVE_INFINITY });
  });

  test('separated samples have the p of the exact rank test where Brunner–Munzel has no variance', () => {
    const [x, y] = [
      [1, 2, 3, 4],
      [5, 6, 7],
    ];
    expect(brunnerMunzel(x, y)).toMatchObject({ status: 'separated', w: Number.POSITIVE_INFINITY });
    close(brunnerMunzel(x, y).p, mannWhitney(x, y).p);
    close(brunnerMunzel(x, y, { alternative: 'less' }).p, 1 / 35);
    expect(brunnerMunzel(x, y, { alternative: 'greater' }).p).toBe(1);
  });

  test('differences that are all the same are worth their signs', () => {
    expect(pairedT([2, 3, 4], [1, 2, 3])).toMatchObject({ status: 'degenerate_different', ci: [1, 1] });
    close(pairedT([2, 3, 4], [1, 2, 3]).p, 0.25);
  });

  test('a logarithm of zero is refused', () => {
    expect(ratioOfGeometricMeans([0, 1, 2], [1, 2, 3])).toMatchObject({ status: 'not_positive', p: 1 });
  });

  test('bad counts and confidences are errors', () => {
    expect(() => mcNemar(-1, 2)).toThrow('discordant pairs must be whole numbers of at least 0, got -1 and 2');
    expect(() => fisherExact({ events: 3, trials: 2 }, { events: 0, trials: 1 })).toThrow(/3 of 2/);
    expect(() => welchT([1, 2], [3, 5], { confidence: 95 })).toThrow(/between 0 and 1, got 95/);
    expect(() => holm([0.1, 1.1])).toThrow(/\[0, 1\], got 1.1 at index 1/);
  });
});

group('known values', () => {
  test('a quantile interval covers by order statistics, and has no end where the sample has none', () => {
    const x = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(quantileInterval(x, 0.5).ci).toEqual([40, 61]);
    expect(quantileInterval(x, 0.99).ci[1]).toBe(Number.POSITIVE_INFINITY);
  });

  test('Newcombe 1998: 56 of 70 against 48 of 80', () => {
    const { newcombe } = twoProportions({ events: 56, trials: 70 }, { events: 48, trials: 80 });
    expect(newcombe.map(bound => bound.toFixed(4))).toEqual(['0.0524', '0.3339']);
  });

  test('a ratio of geometric means is a shift of logarithms', () => {
    const { ratio, ci } = ratioOfGeometricMeans([2, 8], [1, 4]);
    close(ratio, 2);
    close(Math.sqrt(ci[0] * ci[1]), 2);
  });

  test('Holm lies between p and Bonferroni; one p of 1 does not drown the others in a combination', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }), p => {
        const [steps, all] = [holm(p), bonferroni(p)];
        for (const [i, value] of p.entries()) expect(steps[i]! >= value && steps[i]! <= all[i]!).toBe(true);
      }),
    );
    expect(cauchyCombination([1e-6, 1]).p).toBeLessThan(1e-5);
  });
});

group('calibration, at sizes a canary has', () => {
  /** Share of simulated comparisons without any difference that a test calls one, at 5%. */
  function falseAlarms(runs: number, compare: (random: () => number) => number): number {
    const random = seededRandom(11);
    let alarms = 0;
    for (let i = 0; i < runs; i++) if (compare(random) <= 0.05) alarms++;
    return alarms / runs;
  }
  const normal = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const draw = (n: number, spread: number, random: () => number) =>
    Array.from({ length: n }, () => spread * normal(random));

  test('Brunner–Munzel keeps 5% at 100 v 25 with spreads 1 and 3, where Mann–Whitney and Student alarm too often', () => {
    const at = (run: typeof brunnerMunzel | typeof studentT | typeof mannWhitney) =>
      falseAlarms(2000, random => run(draw(100, 1, random), draw(25, 3, random)).p);
    expect(at(brunnerMunzel)).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 2000));
    expect(at(mannWhitney)).toBeGreaterThan(0.1);
    expect(at(studentT)).toBeGreaterThan(0.2);
  });

  test('random sign flips alarm at most at the stated rate', () => {
    const options = { resamples: 199, random: seededRandom(12) };
    expect(falseAlarms(2000, random => signFlip(draw(30, 1, random), options).p)).toBeLessThan(0.065);
  });
});

test('a prepared sample gives what plain numbers give, and does not see later changes of the array', () => {
  const [x, y] = [
    [3, 1, 4, 1, 5, 9, 2, 6],
    [5, 3, 5, 8, 9, 7],
  ];
  const [preparedX, preparedY] = [prepareSample(x), prepareSample(y)];
  const all = (a: Sample, b: Sample) => [
    ...Object.values(TWO_SAMPLE).map(run => run(a, b)),
    hodgesLehmann(a, b),
    describe(a),
    ratioOfGeometricMeans(a, b),
    cohensD(a, b),
    quantileInterval(a, 0.5),
  ];
  const plain = all(x, y);
  x[0] = 1000;
  expect(all(preparedX, preparedY)).toEqual(plain);
});
