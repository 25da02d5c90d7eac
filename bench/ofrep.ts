/**
 * OFREP evaluations at an offered rate: `node bench/ofrep.ts [per second] [seconds]`. Open loop: requests are due by the
 * clock whether or not earlier ones were answered, and latency counts from when one was due, so that a server that stalls
 * cannot hide it. Goal: p99 ≤ 10 ms at 2,500 a second. Throughput is then measured apart, closed loop.
 */
import { quantileOfSorted } from '../src/stats/quantile.ts';
import { ARTIFACT, forkServer } from './bench-server.ts';
import { type Connection, openConnection, post } from './keep-alive-client.ts';

const offered = Number(process.argv[2] ?? 2_500);
const seconds = Number(process.argv[3] ?? 10);
const BUDGET_MS = 10;
const CONNECTIONS = 64;

const requests = Array.from({ length: 1_000 }, (_, user) =>
  post(
    `/ofrep/v1/evaluate/flags/${ARTIFACT}`,
    JSON.stringify({ context: { targetingKey: `user-${user}`, plan: 'pro' } }),
  ),
);
const server = await forkServer();
const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(server.port)));
let failed = 0;
let sent = 0;

async function evaluate(connection: Connection): Promise<void> {
  const status = await connection.send(requests[sent++ % requests.length]!);
  if (status !== 200) failed += 1;
}

async function openLoop(perSecond: number, forSeconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const free = [...connections];
  const due: number[] = [];
  const total = perSecond * forSeconds;
  const startedMs = performance.now();
  let planned = 0;
  const work = () => {
    while (due.length > 0 && free.length > 0) {
      const dueMs = due.shift()!;
      const connection = free.pop()!;
      void evaluate(connection).then(() => {
        latencies.push(performance.now() - dueMs);
        free.push(connection);
        work();
      });
    }
  };
  while (latencies.length < total) {
    for (; planned < total; planned += 1) {
      const dueMs = startedMs + (planned / perSecond) * 1_000;
      if (dueMs > performance.now()) break;
      due.push(dueMs);
    }
    work();
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  return latencies.sort((a, b) => a - b);
}

async function closedLoop(forSeconds: number): Promise<number> {
  const untilMs = performance.now() + forSeconds * 1_000;
  const before = sent;
  await Promise.all(
    connections.map(async connection => {
      while (performance.now() < untilMs) await evaluate(connection);
    }),
  );
  return Math.round((sent - before) / forSeconds);
}

await closedLoop(1);
const latencies = await openLoop(offered, seconds);
const throughput = await closedLoop(3);
for (const connection of connections) connection.close();
await server.stop();

const at = (share: number) => quantileOfSorted(latencies, share);
console.log(
  `offered ${offered}/s: p50 ${at(0.5).toFixed(2)} ms, p99 ${at(0.99).toFixed(2)} ms (budget ${BUDGET_MS}), max ${at(1).toFixed(1)} ms, failed ${failed}`,
);
console.log(`throughput ${throughput}/s, ${CONNECTIONS} connections, the load on the same two cores`);
process.exitCode = at(0.99) <= BUDGET_MS && failed === 0 ? 0 : 1;
