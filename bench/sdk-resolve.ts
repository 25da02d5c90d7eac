/**
 * How long an app waits for a prompt: `prompt()` of a connected SDK during a split, against the bare hash that the
 * assignment rule asks for, in one run. Exits 1 beyond the budget of 10 µs. Usage: node bench/sdk-resolve.ts [calls]
 */
import { hash } from 'node:crypto';
import { connect } from '../sdk/src/index.ts';
import { CANDIDATE, type ProtocolServer, settled, split, startServer } from '../sdk/test/protocol-server.ts';
import { quantileOfSorted } from '../src/stats/quantile.ts';

const CALLS = Number(process.argv[2] ?? 500_000);
const ROUNDS = 5;
const TIMED_SINGLY = 200_000;
const BUDGET_US = 10;

/** Mean microseconds a call: the best of some rounds, since whatever disturbs a round only adds. */
function measure(call: (unit: string) => unknown): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startedMs = performance.now();
    for (let index = 0; index < CALLS; index++) call(units[index % units.length]!);
    return ((performance.now() - startedMs) * 1_000) / CALLS;
  });
  return Math.min(...rounds);
}

/** Each call timed alone, the clock's own cost included. */
function quantiles(call: (unit: string) => unknown): { p50: number; p99: number; p999: number } {
  const took = new Float64Array(TIMED_SINGLY);
  for (let index = 0; index < TIMED_SINGLY; index++) {
    const startedMs = performance.now();
    call(units[index % units.length]!);
    took[index] = (performance.now() - startedMs) * 1_000;
  }
  took.sort();
  const at = (share: number) => quantileOfSorted(took, share);
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

async function connected(server: ProtocolServer) {
  const spillway = connect({ url: server.url });
  if (!(await spillway.ready())) throw new Error(`not connected: ${spillway.stats().lastError}`);
  return spillway;
}

const units = Array.from({ length: 10_007 }, (_, index) => `user-${index}`);
const server = await startServer();
server.assignments.set('support-bot', split(25, 1));
server.assignments.set('settled', { ...settled(CANDIDATE, 1), artifact: 'settled' });
const spillway = await connected(server);

const results = {
  node: process.version,
  calls: CALLS,
  splitUs: measure(unit => spillway.prompt('support-bot', { unit })),
  settledUs: measure(unit => spillway.prompt('settled', { unit })),
  unknownUs: measure(unit => spillway.prompt('unknown', { unit })),
  bareHashUs: measure(unit => hash('sha256', `rel_7f3a\0${unit}`, 'hex')),
  splitEachUs: quantiles(unit => spillway.prompt('support-bot', { unit })),
  reportUs: measure(unit => spillway.report({ artifact: 'support-bot', version: 'v', unit, latencyMs: 12 })),
  budgetUs: BUDGET_US,
};
console.log(JSON.stringify(results, (_, value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value), 2));
if (results.splitUs > BUDGET_US || results.splitEachUs.p99 > BUDGET_US) process.exitCode = 1;
await spillway.close();
await server.close();
