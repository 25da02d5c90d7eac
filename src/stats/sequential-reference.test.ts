/**
 * Reference vectors of e-processes and confidence sequences, computed elsewhere with 50 digits. One table for every kind:
 * a kind without a runner fails, so that a new vector cannot be skipped in silence.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  anytimePValue,
  averageEValues,
  betaBinomialBounds,
  boundedBetEProcess,
  dkwRadius,
  eventShareEProcess,
  exactRankScoreEProcess,
  halfNormalMixture,
  oddsRatioEProcess,
} from './sequential.ts';

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly input: Record<string, unknown>;
  readonly expected: Record<string, unknown>;
}

const file = new URL('../../test/fixtures/reference/sequential.json', import.meta.url);
const vectors = (JSON.parse(readFileSync(file, 'utf8')) as { cases: Vector[] }).cases;

/** Each runner returns what it computed beside what is expected. */
const RUNNERS: Record<string, (input: never) => { computed: number[]; expected: string }> = {
  odds_ratio_eprocess(input: { intervals_nA_xA_nB_xB: number[][]; phi_grid: number[]; phi0: number }) {
    const process = oddsRatioEProcess({ phiGrid: input.phi_grid, phi0: input.phi0 });
    const state = process.initial();
    const computed = input.intervals_nA_xA_nB_xB.map(([nA, xA, nB, xB]) => {
      const block = { baselineTrials: nA!, baselineEvents: xA!, candidateTrials: nB!, candidateEvents: xB! };
      return process.logE(process.fold(state, block));
    });
    return { computed, expected: 'log_e_by_interval' };
  },
  bounded_bet_eprocess(input: { D: number[]; lambda_grid: number[] }) {
    const process = boundedBetEProcess({ lambdaGrid: input.lambda_grid });
    const state = process.initial();
    const computed = input.D.map(d => process.logE(process.foldDifference(state, d)));
    return { computed, expected: 'log_e_by_step' };
  },
  rank_score_eprocess_exact_ranks(input: {
    'blocks_[baseline_list,candidate]': [number[], number][];
    lambda_grid: number[];
  }) {
    const process = exactRankScoreEProcess({ lambdaGrid: input.lambda_grid });
    const state = process.initial();
    const computed = input['blocks_[baseline_list,candidate]'].map(([baseline, candidate]) =>
      process.logE(process.fold(state, { baseline, candidate: [candidate] })),
    );
    return { computed, expected: 'log_e_by_step' };
  },
  half_normal_mixture: (input: { t: number; S: number; rho2: number }) => ({
    computed: [halfNormalMixture(input.S, input.t, 1 / input.rho2)],
    expected: 'log_e',
  }),
  dkw_confidence_sequence_radius: (input: { n: number; alpha: number }) => ({
    computed: [dkwRadius(input.n, input.alpha)],
    expected: 'radius',
  }),
  bernoulli_beta_binomial_cs: (input: { k: number; n: number; alpha: number; prior: [number, number] }) => ({
    computed: betaBinomialBounds({ successes: input.k, trials: input.n }, input.alpha, input.prior),
    expected: 'ci',
  }),
  event_share_eprocess_beta11_truncated(input: { k_candidate: number; n_total: number; rho: number }) {
    const process = eventShareEProcess();
    const block = { candidateEvents: input.k_candidate, totalEvents: input.n_total, share: input.rho };
    return { computed: [process.logE(process.fold(process.initial(), block))], expected: 'log_e' };
  },
  e_average(input: { e: number[]; weights: number[] }) {
    const e = averageEValues(input.e, input.weights);
    return { computed: [e, anytimePValue(Math.log(e))], expected: 'e,p_anytime_if_running_max' };
  },
};

describe('the reference vectors', () => {
  const kinds = [...new Set(vectors.map(vector => vector.kind))];

  test.each(kinds.map(kind => [kind, vectors.filter(vector => vector.kind === kind)] as const))(
    '%s agree within 1e-9',
    (kind, cases) => {
      const run = RUNNERS[kind];
      expect(run, `no runner for vectors of kind ${kind}`).toBeDefined();
      let worst = 0;
      for (const vector of cases) {
        const { computed, expected } = run!(vector.input as never);
        const wanted = expected.split(',').flatMap(key => vector.expected[key] as number | number[]);
        expect(computed.length, vector.id).toBe(wanted.length);
        computed.forEach((value, i) => {
          const error = Math.abs(value - wanted[i]!);
          worst = Math.max(worst, error);
          expect(error, `${vector.id}, value ${i}: ${value} for ${wanted[i]}`).toBeLessThan(1e-9);
        });
      }
      process.stdout.write(`  ${cases.length} vectors of ${kind}, largest error ${worst.toExponential(1)}\n`);
    },
  );
});
