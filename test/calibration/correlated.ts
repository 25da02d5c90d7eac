/**
 * Unchanged candidates whose requests are not independent: arms that share pods and caches. No test that counts requests is
 * exact here; what margins, tempering and the strict mode make of it is measured.
 */
import { symmetricSliceEProcess } from '../../src/stats/sequential.ts';
import { countBlock, errorOdds, rank, valueBlock } from './processes.ts';
import { follow, type Scenario } from './scenario.ts';

const HARMLESS_ODDS = 1.5;
const MARGIN = 0.05;
const SLICE = 100;
const strict = symmetricSliceEProcess();
const NAMES = ['as they are', 'tempered', 'with margin', 'tempered, with margin', 'strict'] as const;
const RUNS = { full: 2_000, short: 0 };

const methods = (bar: number | undefined) =>
  NAMES.map(name => ({
    name,
    ...(bar !== undefined && name === 'tempered, with margin' ? { mostAlarms: bar } : {}),
  }));

/** Error rates of 1 % that each arm draws anew in every interval of 100 requests. @param icc intra-class correlation, 0: none */
function errorsOfPods(icc: number, bar?: number): Scenario {
  const makers = [
    errorOdds(),
    errorOdds({ slice: SLICE }),
    errorOdds({ phi0: HARMLESS_ODDS }),
    errorOdds({ phi0: HARMLESS_ODDS, slice: SLICE }),
  ];
  const p = 0.01;
  return {
    table: 'correlated',
    name: `errors 1 %, ICC ${icc}, 200 intervals of 100/100`,
    runs: bar === undefined ? RUNS : { full: 4_000, short: 300 },
    methods: methods(bar),
    run(draws) {
      const parts = makers.map(make => make());
      const state = strict.initial();
      const block = countBlock(100, 100);
      const rate = () => (icc === 0 ? p : draws.beta((p * (1 - icc)) / icc, ((1 - p) * (1 - icc)) / icc));
      const step = () => {
        block.baselineEvents = draws.binomial(100, rate());
        block.candidateEvents = draws.binomial(100, rate());
        for (const part of parts) part.add(block);
        strict.fold(state, (block.candidateEvents - block.baselineEvents) / 100);
      };
      const looks = [...parts.map(part => part.logE), () => strict.logE(state)];
      return follow(looks, step, { looks: 200, perLook: 100, untilFirst: false });
    },
  };
}

/** Latency with an effect of each arm's own on its logarithm: autoregressive, `sd` large, `lasting` requests long. */
function latencyOfPods(sd: number, lasting: number, bar?: number): Scenario {
  const makers = [rank(), rank({ slice: SLICE }), rank({ margin: MARGIN }), rank({ margin: MARGIN, slice: SLICE })];
  const keep = Math.exp(-1 / lasting);
  const fresh = sd * Math.sqrt(1 - keep * keep);
  return {
    table: 'correlated',
    name: `latency, pods of sd ${sd} over ${lasting} requests, 60 slices of 100 pairs`,
    runs: bar === undefined ? { full: 1_000, short: 0 } : { full: 4_000, short: 100 },
    methods: methods(bar),
    run(draws) {
      const parts = makers.map(make => make());
      const state = strict.initial();
      const block = valueBlock(1);
      let [ofBaseline, ofCandidate, sum] = [sd * draws.normal(), sd * draws.normal(), 0];
      const step = (look: number) => {
        ofBaseline = keep * ofBaseline + fresh * draws.normal();
        ofCandidate = keep * ofCandidate + fresh * draws.normal();
        block.baseline[0] = Math.exp(ofBaseline) * draws.logNormal(0.5);
        block.candidate[0] = Math.exp(ofCandidate) * draws.logNormal(0.5);
        for (const part of parts) part.add(block);
        sum += Math.sign(block.candidate[0] - block.baseline[0]);
        if (look % SLICE !== 0) return;
        strict.fold(state, sum / SLICE);
        sum = 0;
      };
      const looks = [...parts.map(part => part.logE), () => strict.logE(state)];
      return follow(looks, step, { looks: 60 * SLICE, untilFirst: false });
    },
  };
}

export const CORRELATED: readonly Scenario[] = [
  errorsOfPods(0),
  errorsOfPods(0.005),
  errorsOfPods(0.02, 0.05),
  errorsOfPods(0.05),
  latencyOfPods(0.05, 50),
  latencyOfPods(0.1, 50, 0.05),
  latencyOfPods(0.1, 200),
];
