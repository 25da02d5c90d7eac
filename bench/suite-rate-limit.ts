/**
 * How close a suite comes to an endpoint's rate limit, and whether it loses cases: cases of 100 ms on 8 workers against a
 * token bucket that answers 429 when it is empty. "Ideal" is (cases − burst) ÷ rate. Goal: every case answered.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../src/clock.ts';
import { makeProvider } from '../src/suite/provider.ts';
import { runSuite } from '../src/suite/runner.ts';

const SETTINGS = [
  { perMinute: 1200, burst: 5, cases: 200, saysWhen: true },
  { perMinute: 1200, burst: 5, cases: 200, saysWhen: false },
  { perMinute: 120, burst: 5, cases: 40, saysWhen: true },
  { perMinute: 120, burst: 5, cases: 40, saysWhen: false },
];

for (const setting of SETTINGS) {
  const { perMinute, burst, cases: count, saysWhen } = setting;
  const bucket = makeBucket(perMinute, burst);
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const waitMs = bucket.take();
      const body = JSON.stringify({ choices: [{ message: { content: 'ok' } }] });
      if (waitMs === 0) setTimeout(() => response.writeHead(200).end(body), 100);
      else response.writeHead(429, saysWhen ? { 'retry-after-ms': String(Math.ceil(waitMs)) } : {}).end();
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const plan = { id: 'openai:chat:bench', config: {} };
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = await makeProvider(plan, { baseUrl, connections: 8 });
  const cases = Array.from({ length: count }, (_, index) => ({ id: `${index}`, name: '', vars: {}, graders: [] }));
  const suite = { name: 'bench', file: '', provider: plan, cases, prompts: [{ template: 'x' }] };
  const outcome = await runSuite({ suite, provider, clock: systemClock, random: Math.random });
  const idealMs = ((count - burst) / perMinute) * 60_000;
  console.log(
    `${perMinute} a minute, ${count} cases, ${saysWhen ? 'with' : 'without'} Retry-After: ${Math.round(outcome.durationMs)} ms, ` +
      `${(outcome.durationMs / idealMs).toFixed(3)} × ideal, ${outcome.arms[0]!.passed} answered, ${bucket.refused()} refused`,
  );
  await provider.close();
  server.close();
}

function makeBucket(perMinute: number, burst: number) {
  const perMs = perMinute / 60_000;
  let tokens = burst;
  let lastMs = performance.now();
  let refused = 0;
  return {
    /** 0, or the milliseconds until there is a token. */
    take(): number {
      const nowMs = performance.now();
      tokens = Math.min(burst, tokens + (nowMs - lastMs) * perMs);
      lastMs = nowMs;
      if (tokens >= 1) {
        tokens -= 1;
        return 0;
      }
      refused += 1;
      return (1 - tokens) / perMs;
    },
    refused: () => refused,
  };
}
