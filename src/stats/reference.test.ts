/**
 * The batch battery against reference values: 60-digit arithmetic and integer counting where a closed form exists, SciPy and
 * statsmodels elsewhere. One runner for each part of a case; a part without a runner fails, so that none is skipped in silence.
 */
import { readFileSync } from 'node:fs';
import { afterAll, expect, describe as group, test } from 'vitest';
import {
  type Alternative,
  benjaminiHochberg,
  bonferroni,
  brunnerMunzel,
  cauchyCombination,
  cliffsDelta,
  clopperPearsonInterval,
  cohensD,
  describe,
  fisherExact,
  hedgesG,
  hodgesLehmann,
  holm,
  kolmogorovSmirnov,
  mannWhitney,
  mcNemar,
  pairedT,
  signTest,
  studentT,
  type TResult,
  twoProportions,
  welchT,
  wilcoxonSignedRank,
} from './battery.ts';
import { meanOf, momentsOf } from './moments.ts';
import { type Numbers, near, nearInterval, nearP, num, worstErrors } from './reference.test-support.ts';

type Expected = Record<string, Numbers>;

interface Case {
  readonly id: string;
  readonly kind: 'two' | 'paired' | 'table' | 'multi';
  readonly desc: string;
  readonly input: Record<string, never>;
  readonly expected: Expected;
  readonly table_kind?: 'props' | 'mcnemar';
}

function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../test/fixtures/reference/${name}`, import.meta.url), 'utf8')) as T;
}

const { cases } = load<{ cases: Case[] }>('stats.json');
const SIDES: [Alternative, string][] = [
  ['two-sided', 'p_two_sided'],
  ['greater', 'p_greater'],
  ['less', 'p_less'],
];
const checked = new Map<string, number>();

afterAll(() => {
  const lines = [...checked].map(([part, count]) => `${part} ${count}`).sort();
  process.stdout.write(`reference cases: ${lines.join(', ')}\n`);
  const errors = [...worstErrors]
    .sort(([, a], [, b]) => b - a)
    .map(([what, error]) => `${what} ${error.toExponential(0)}`);
  process.stdout.write(`worst relative errors: ${errors.join(', ')}\n`);
});

const DEGENERATE = ['degenerate_equal', 'degenerate_different'];

function checkT(label: string, test: (alternative: Alternative) => TResult, want: Numbers, subnormal = false): void {
  const two = test('two-sided');
  const refusal = want['status'] ?? want['error'];
  if (refusal !== undefined) {
    expect(two.status, label).toBe(refusal);
    expect(DEGENERATE.includes(two.status) ? num(want['mean_diff'] ?? 0) : two.p, label).toBe(
      DEGENERATE.includes(two.status) ? two.meanDifference : 1,
    );
    expect(two.p, label).not.toBeNaN();
    return;
  }
  expect(two.status, label).toBe('ok');
  near(`${label} t`, two.t, want['t'], 1e-12);
  near(`${label} df`, two.df, want['df'], 1e-12);
  near(`${label} se`, two.se, want['se'], 1e-12, subnormal ? 5e-324 : 0);
  near(`${label} difference`, two.meanDifference, want['mean_diff'], 1e-12, subnormal ? 5e-324 : 0);
  near(`${label} log10 p`, two.log10P, want['log10_p_two_sided'], 0, 1e-9);
  nearInterval(`${label} interval`, two.ci, want['ci95'], subnormal ? 1e-9 : 1e-10);
  for (const [alternative, key] of SIDES) nearP(`${label} ${key}`, test(alternative), want[key]);
}

type Pair = { x: number[]; y: number[] };

const TWO: Record<string, (input: Pair, want: Numbers, c: Case) => void> = {
  describe_x: ({ x }, want) => checkDescription(x, want),
  describe_y: ({ y }, want) => checkDescription(y, want),
  student: ({ x, y }, want, c) =>
    checkT('student', alternative => studentT(x, y, { alternative }), want, c.desc.includes('subnormal')),
  welch: ({ x, y }, want, c) =>
    checkT('welch', alternative => welchT(x, y, { alternative }), want, c.desc.includes('subnormal')),
  effect({ x, y }, want) {
    near('d', cohensD(x, y).d, want['cohens_d'], 1e-12);
    near('g', hedgesG(x, y).g, want['hedges_g_exact'], 1e-12);
  },
  mwu({ x, y }, want) {
    const plain = mannWhitney(x, y);
    expect([plain.u1, plain.u2, plain.ties]).toEqual([want['U1'], want['U2'], want['ties']]);
    near('δ', plain.cliffsDelta, want['cliffs_delta'], 1e-12);
    near('A12', plain.a12, want['A12'], 1e-12);
    near('δ alone', cliffsDelta(x, y).delta, want['cliffs_delta'], 1e-12);
    const parts = want as unknown as Record<string, Numbers | undefined>;
    for (const part of ['asymptotic', 'asymptotic_cc', 'exact'] as const) {
      const expected = parts[part];
      if (!expected) continue;
      checked.set(`mwu ${part}`, (checked.get(`mwu ${part}`) ?? 0) + 1);
      const method = part === 'exact' ? 'exact' : 'asymptotic';
      const run = (alternative: Alternative) =>
        mannWhitney(x, y, { alternative, method, continuity: part !== 'asymptotic' });
      if (expected['status']) {
        expect([run('two-sided').status, run('two-sided').p]).toEqual([expected['status'], expected['policy_p']]);
        continue;
      }
      if (part !== 'exact') {
        near(`${part} z`, run('two-sided').z, expected['z'], 1e-12);
        near(`${part} log10 p`, run('two-sided').log10P, expected['log10_p_two_sided'], 0, 1e-9);
      }
      const tolerance = part === 'exact' ? 1e-11 : 1e-10;
      for (const [alternative, key] of SIDES) nearP(`${part} ${key}`, run(alternative), expected[key], tolerance);
    }
  },
  ks({ x, y }, want) {
    const { d, dPlus, dMinus } = kolmogorovSmirnov(x, y);
    near('D', d, want['D'], 1e-12);
    near('D+', dPlus, want['D_plus'], 1e-12);
    near('D−', dMinus, want['D_minus'], 1e-12);
    const run = (alternative: Alternative) => kolmogorovSmirnov(x, y, { alternative, method: 'asymptotic' });
    nearP('Kolmogorov', run('two-sided'), want['kolmogorov_limit_p']);
    const { scipy_asymp: limit, exact } = want as unknown as Record<string, Numbers | undefined>;
    for (const [alternative, key] of SIDES.slice(1)) nearP(`one-sided ${key}`, run(alternative), limit![key]);
    if (!exact) return;
    checked.set('ks exact', (checked.get('ks exact') ?? 0) + 1);
    for (const [alternative, key] of SIDES) {
      nearP(`KS exact ${key}`, kolmogorovSmirnov(x, y, { alternative, method: 'exact' }), exact[key], 1e-11);
    }
  },
  brunner_munzel({ x, y }, want) {
    const two = brunnerMunzel(x, y);
    if (want['error']) {
      expect([two.status, two.p]).toEqual([want['error'], 1]);
      return;
    }
    if (want['status']) {
      const equal = want['W'] === 'NaN';
      expect([two.status, two.w]).toEqual([equal ? 'degenerate_all_tied' : 'separated', equal ? 0 : num(want['W'])]);
      expect(two.p).toBeGreaterThan(0);
      return;
    }
    near('W', two.w, want['W'], 1e-10);
    for (const [alternative, key] of SIDES) nearP(`BM ${key}`, brunnerMunzel(x, y, { alternative }), want[key]);
  },
  hodges_lehmann({ x, y }, want) {
    const { status, shift, ci } = hodgesLehmann(x, y);
    near('shift', shift, want['shift_median_x_minus_y'], 4.5e-16);
    expect(status).toBe(want['ci95'] === null ? 'insufficient_data' : 'ok');
    if (want['ci95'] !== null)
      for (const side of [0, 1]) near('HL', ci[side]!, (want['ci95'] as number[])[side], 4.5e-16);
  },
  error({ x, y }) {
    const results = [studentT, welchT, mannWhitney, brunnerMunzel].map(run => run(x, y));
    for (const { status, p } of results) expect([status, p]).toEqual(['no_data', 1]);
    expect(hodgesLehmann(x, y).status).toBe('no_data');
  },
};

function checkDescription(x: number[], want: Numbers): void {
  const actual = describe(x) as unknown as Record<string, number>;
  const tiny = Math.max(...x.map(Math.abs)) < 1e-290 ? 1e-323 : 0;
  for (const key of ['n', 'mean', 'sd', 'variance', 'min', 'max', 'p50', 'p90', 'p95', 'p99']) {
    if (want[key] === null) expect(actual[key]).toBeNaN();
    else near(key, actual[key]!, want[key], 1e-13, Math.max(tiny, key === 'mean' ? 1e-15 * (actual['sd'] || 0) : 0));
  }
}

const PAIRED: Record<string, (input: Pair, want: Numbers) => void> = {
  paired_t: ({ x, y }, want) => checkT('paired', alternative => pairedT(x, y, { alternative }), want),
  sign_test({ x, y }, want) {
    const result = signTest(differences({ x, y }));
    expect([result.nonzero, result.positive]).toEqual([want['n_nonzero'], want['n_positive']]);
    near('sign test', result.p, want['p_two_sided'], 1e-11);
  },
  wilcoxon(input, want) {
    const d = differences(input);
    if (want['status']) {
      const { status, p } = wilcoxonSignedRank(d);
      expect([status, p]).toEqual(['degenerate_equal', want['policy_p']]);
      return;
    }
    const { wPlus, wMinus } = wilcoxonSignedRank(d);
    expect([wPlus, wMinus]).toEqual([want['W_plus'], want['W_minus']]);
    const parts = want as unknown as Record<string, Numbers | undefined>;
    for (const part of ['asymptotic', 'asymptotic_cc', 'exact']) {
      const expected = parts[part];
      if (!expected) continue;
      checked.set(`wilcoxon ${part}`, (checked.get(`wilcoxon ${part}`) ?? 0) + 1);
      const method = part === 'exact' ? 'exact' : 'asymptotic';
      for (const [alternative, key] of SIDES) {
        const result = wilcoxonSignedRank(d, { alternative, method, continuity: part === 'asymptotic_cc' });
        nearP(`${part} ${key}`, result, expected[key], part === 'exact' ? 1e-11 : 1e-10);
      }
    }
  },
  hodges_lehmann_paired: (input, want) =>
    near('pseudo-median', wilcoxonSignedRank(differences(input)).pseudoMedian, want['pseudo_median'], 4.5e-16),
};

const differences = ({ x, y }: Pair) => x.map((value, i) => value - y[i]!);

type Props = { x_events: number; x_n: number; y_events: number; y_n: number };

const PROPS: Record<string, (input: Props, want: Numbers) => void> = {
  fisher_exact(input, want) {
    const [x, y] = tallies(input);
    near('odds ratio', fisherExact(x, y).oddsRatio, want['sample_odds_ratio'], 1e-12);
    for (const [alternative, key] of SIDES)
      nearP(`Fisher ${key}`, fisherExact(x, y, { alternative }), want[key], 1e-11);
  },
  two_prop_z(input, want) {
    const [x, y] = tallies(input);
    const two = twoProportions(x, y);
    near('difference', two.difference, want['diff'], 1e-12);
    if (want['status']) {
      expect([two.status, two.p]).toEqual(['degenerate_equal', want['policy_p']]);
      return;
    }
    near('z', two.z, want['z'], 1e-12);
    nearInterval('Newcombe', two.newcombe, want['ci95_newcomb'], 1e-9);
    for (const [alternative, key] of SIDES) nearP(`z ${key}`, twoProportions(x, y, { alternative }), want[key]);
  },
  wilson_x: (input, want) => nearInterval('Wilson', twoProportions(...tallies(input)).wilson.x, want, 1e-9),
  wilson_y: (input, want) => nearInterval('Wilson', twoProportions(...tallies(input)).wilson.y, want, 1e-9),
  clopper_pearson_x: (input, want) => nearInterval('CP', clopperPearsonInterval(tallies(input)[0]), want, 1e-9),
  clopper_pearson_y: (input, want) => nearInterval('CP', clopperPearsonInterval(tallies(input)[1]), want, 1e-9),
};

function tallies({ x_events, x_n, y_events, y_n }: Props) {
  return [
    { events: x_events, trials: x_n },
    { events: y_events, trials: y_n },
  ] as const;
}

function checkMcNemar({ table }: { table: [[number, number], [number, number]] }, want: Numbers): void {
  const [[, b], [c]] = table;
  const result = mcNemar(b, c);
  expect([b, c]).toEqual([want['discordant_b'], want['discordant_c']]);
  near('exact', result.exact, want['p_exact'], 1e-11);
  expect(result.status).toBe(want['status'] ? 'degenerate_equal' : 'ok');
  if (want['status']) return;
  near('mid', result.mid, want['p_midp'], 1e-11);
  near('χ²', result.chi2, want['chi2'], 1e-12);
  near('χ² p', result.chi2P, want['p_chi2'], 1e-10);
  near('χ² corrected', result.chi2Corrected, want['chi2_cc'], 1e-12);
  near('χ² corrected p', result.chi2CorrectedP, want['p_chi2_cc'], 1e-10);
}

type Multi = { p: number[]; weights: number[] | null };

const list = (actual: number[], want: unknown) =>
  actual.forEach((p, i) => {
    near('adjusted', p, (want as number[])[i], 1e-12);
  });

function checkCauchy(p: number[], weights: number[] | undefined, want: Numbers): void {
  const actual = cauchyCombination(p, weights);
  const nearOne = num(want['p']) > 0.999;
  near('p', actual.p, want['p'], nearOne ? 1e-9 : 1e-12);
  near('log10 p', actual.log10P, want['log10_p'], 0, 1e-9);
  if (!nearOne) near('T', actual.t, want['T'], 1e-12);
}

const MULTI: Record<string, (input: Multi, want: Numbers) => void> = {
  holm: ({ p }, want) => list(holm(p), want),
  bh: ({ p }, want) => list(benjaminiHochberg(p), want),
  bonferroni: ({ p }, want) => list(bonferroni(p), want),
  cauchy: ({ p }, want) => checkCauchy(p, undefined, want),
  cauchy_weighted: ({ p, weights }, want) => checkCauchy(p, weights!, want),
};

/** Parts of the file for which no method is on offer. */
const NOT_OFFERED = ['by', 'harmonic_mean_raw', 'vovk_wang_e_log_K_harmonic'];

function run(c: Case): void {
  if (c.table_kind === 'mcnemar') {
    checked.set('mcnemar', (checked.get('mcnemar') ?? 0) + 1);
    checkMcNemar(c.input as never, c.expected as never);
    return;
  }
  const runners = { two: TWO, paired: PAIRED, table: PROPS, multi: MULTI }[c.kind] as Record<
    string,
    (input: unknown, want: Numbers, c: Case) => void
  >;
  for (const [part, want] of Object.entries(c.expected)) {
    if (NOT_OFFERED.includes(part)) continue;
    const runner = runners[part];
    if (!runner) throw new Error(`no runner for ${c.kind}.${part}`);
    runner(c.input, want, c);
    checked.set(part, (checked.get(part) ?? 0) + 1);
  }
}

group('reference values', () => {
  test.each(cases.map(c => [c.id, c.kind, c.desc, c] as const))('%s %s: %s', (_id, _kind, _desc, c) => run(c));

  interface Dataset {
    dataset: string;
    certified_mean: string;
    exact_mean_of_stored_doubles: number;
    exact_sd_of_stored_doubles: number;
    data: number[];
  }
  test.each(load<{ datasets: Dataset[] }>('nist-univariate.json').datasets)('NIST $dataset', set => {
    const { mean, sd } = describe(set.data);
    near('certified mean', mean, Number(set.certified_mean), 1e-15);
    near('mean', mean, set.exact_mean_of_stored_doubles, 1e-15);
    near('sd', sd, set.exact_sd_of_stored_doubles, 1e-14);
    expect(meanOf(momentsOf(set.data))).toBe(mean);
    checked.set('NIST', (checked.get('NIST') ?? 0) + 1);
  });
});
