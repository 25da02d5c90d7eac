/**
 * How fast a suite runs, as a whole process: start, 2 variables and 3 graders a case, results, exit. The endpoint is a
 * process of its own, answering after a fixed time. "Ideal" is cases × latency ÷ workers, without any start.
 * Goal: at most 1.10 × ideal for 400 cases of 100 ms.
 * `node bench/suite.ts` prints one row a setting, the best and the median of 5.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const SELF = fileURLToPath(import.meta.url);
const WORKERS = 8;
const ROUNDS = 5;
const SETTINGS = [
  { cases: 400, latencyMs: 100 },
  { cases: 4000, latencyMs: 0 },
];

interface Measured {
  wallMs: number;
  suiteMs: number;
  cpuMs: number;
  rssMib: number;
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === 'endpoint') serve(Number(rest[0]));
else if (mode === 'run') await run(Number(rest[0]), rest[1]!);
else for (const setting of SETTINGS) await measure(setting);

async function measure({ cases, latencyMs }: { cases: number; latencyMs: number }): Promise<void> {
  const endpoint = spawn(process.execPath, [SELF, 'endpoint', String(latencyMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await lineOf(endpoint);
  const measured: Measured[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startMs = performance.now();
    const child = spawn(process.execPath, [SELF, 'run', String(cases), url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await Promise.all([lineOf(child), new Promise(resolve => child.once('exit', resolve))]);
    measured.push({ ...(JSON.parse(line) as Omit<Measured, 'wallMs'>), wallMs: performance.now() - startMs });
  }
  endpoint.kill();
  measured.sort((a, b) => a.wallMs - b.wallMs);
  const idealMs = (cases * latencyMs) / WORKERS;
  for (const [name, row] of [
    ['best', measured[0]!],
    ['median', measured[ROUNDS >> 1]!],
  ] as const) {
    const speed =
      idealMs > 0
        ? `${(row.wallMs / idealMs).toFixed(3)} × ideal`
        : `${Math.round((cases / row.wallMs) * 1000)} cases/s`;
    const inside = `suite ${Math.round(row.suiteMs)} ms, ${Math.round((cases / row.suiteMs) * 1000)} cases/s`;
    console.log(
      `${cases} cases, ${latencyMs} ms, ${name}: ${Math.round(row.wallMs)} ms whole process, ${speed}; ${inside}; ` +
        `${Math.round(row.cpuMs)} ms CPU, ${Math.round(row.rssMib)} MiB RSS`,
    );
  }
}

async function run(count: number, baseUrl: string): Promise<void> {
  const { systemClock } = await import('../src/clock.ts');
  const { makeProvider } = await import('../src/suite/provider.ts');
  const { runSuite } = await import('../src/suite/runner.ts');
  const graders = [
    { type: 'contains' as const, value: 'Question {{number}}', not: false, weight: 1 },
    { type: 'icontains' as const, value: 'THE ANSWER', not: false, weight: 1 },
    { type: 'regex' as const, value: '(yes|no), Question \\d+', not: false, weight: 1 },
  ];
  const cases = Array.from({ length: count }, (_, index) => {
    return { id: `case-${index + 1}`, name: '', vars: { number: index, topic: 'rivers' }, graders };
  });
  const prompts = [{ template: 'Question {{number}} about {{topic}}: is it true that they flow?' }];
  const plan = { id: 'openai:chat:bench', config: {} };
  const provider = await makeProvider(plan, { baseUrl, connections: WORKERS });
  const suite = { name: 'bench', file: '', provider: plan, cases, prompts };
  const outcome = await runSuite({ suite, provider, clock: systemClock, random: Math.random, workers: WORKERS });
  await provider.close();
  if (outcome.incomplete || outcome.arms[0]!.passed !== count) throw new Error('the run is not green');
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuMs = (userCPUTime + systemCPUTime) / 1000;
  console.log(JSON.stringify({ suiteMs: outcome.durationMs, cpuMs, rssMib: maxRSS / 1024 }));
}

function serve(latencyMs: number): void {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', chunk => {
      text += chunk;
    });
    request.on('end', () => {
      const { messages } = JSON.parse(text) as { messages: { content: string }[] };
      const message = { role: 'assistant', content: `The answer is yes, ${messages[0]!.content}` };
      const usage = { prompt_tokens: 20, completion_tokens: 20, total_tokens: 40 };
      const body = JSON.stringify({ model: 'bench', choices: [{ message }], usage });
      const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      if (latencyMs === 0) answer();
      else setTimeout(answer, latencyMs);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`));
}

/** The first line that the process prints. */
function lineOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', chunk => {
      text += chunk;
      if (text.includes('\n')) resolve(text.trim());
    });
    child.once('exit', code => reject(new Error(`exit ${code} without a line`)));
  });
}
