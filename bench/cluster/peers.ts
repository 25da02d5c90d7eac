/**
 * What peers took in a cluster of the same programs: figures of an earlier run, quoted and not measured by these benchmarks. Median
 * [least–most] until the last answer of the candidate through Traefik with a throttle of 100 ms, at 25 %.
 */
const SOURCE = 'earlier run, same plane and machine size, 2 cores';

export const PEERS = [
  ['Argo Rollouts 1.10.1, abort by hand', '0.18 s [0.05–0.68]', '18', SOURCE],
  [
    'Argo Rollouts 1.10.1, half of the answers 500; analysis 10 s, rate over 30 s, scrape 5 s',
    '11.3 s [5.5–18.9]',
    '21',
    SOURCE,
  ],
  ['Flagger 1.36.1, same, interval 10 s (its minimum), threshold 1', '20.5 s', '21', SOURCE],
  ['Flagger 1.36.1, same, interval 30 s, threshold 5', '160 s [152–183]', '7', SOURCE],
  ['kubectl rollout undo, 4 replicas, readiness 1 s, no drain', '2.5 s, 246 gateway errors', '8', SOURCE],
] as const;
