/**
 * Outcomes a second, durable, in batches of 100 over real HTTP: `node bench/outcomes.ts [seconds] [connections]`.
 * Closed loop: each connection sends its next batch when the one before was acknowledged. Goal: 50,000 a second.
 */
import { quantileOfSorted } from '../src/stats/quantile.ts';
import { ARTIFACT, BASELINE, CANDIDATE, forkServer } from './bench-server.ts';
import { openConnection, post } from './keep-alive-client.ts';

const seconds = Number(process.argv[2] ?? 10);
const connections = Number(process.argv[3] ?? 16);
const BATCH = 100;
const BUDGET = 50_000;

/** Prepared once, so that the load costs little beside the server: only client and sequence differ. */
const bodies = Array.from({ length: 20 }, (_, body) => {
  const outcomes = Array.from({ length: BATCH }, (_, index) => ({
    id: `${body}-${index}`,
    artifact: ARTIFACT,
    version: index % 2 === 0 ? BASELINE : CANDIDATE,
    unit: `user-${(body * BATCH + index) % 977}`,
    at: new Date().toISOString(),
    latencyMs: 80 + ((index * 37) % 100),
    error: index % 50 === 0,
    quality: ((index * 13) % 100) / 100,
    tokens: 100 + index,
  }));
  return JSON.stringify(outcomes);
});

const server = await forkServer();
const latencies: number[] = [];
let acknowledged = 0;
let refused = 0;

async function send(client: number, untilMs: number): Promise<void> {
  const connection = await openConnection(server.port);
  for (let sequence = 0; performance.now() < untilMs; sequence += 1) {
    const outcomes = bodies[sequence % bodies.length]!;
    const request = post(
      '/api/v1/outcomes',
      `{"client":"bench-${client}","sequence":${sequence},"outcomes":${outcomes}}`,
    );
    const startedMs = performance.now();
    if ((await connection.send(request)) === 202) acknowledged += BATCH;
    else refused += 1;
    latencies.push(performance.now() - startedMs);
  }
  connection.close();
}

const startedMs = performance.now();
await Promise.all(Array.from({ length: connections }, (_, client) => send(client, startedMs + seconds * 1_000)));
const elapsed = (performance.now() - startedMs) / 1_000;
const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
const stored = Number(/outcomes_total\{result="stored"\} (\d+)/.exec(metrics)?.[1]);
await server.stop();
if (stored !== acknowledged) throw new Error(`${acknowledged} outcomes were acknowledged and ${stored} stored`);

latencies.sort((a, b) => a - b);
const at = (share: number) => quantileOfSorted(latencies, share).toFixed(1);
const rate = Math.round(acknowledged / elapsed);
console.log(`outcomes/s ${rate} (budget ${BUDGET}), batches ${latencies.length}, refused ${refused}`);
console.log(`acknowledged after: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; ${connections} connections`);
process.exitCode = rate >= BUDGET && refused === 0 ? 0 : 1;
