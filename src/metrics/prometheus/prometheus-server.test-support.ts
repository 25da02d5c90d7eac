/**
 * A Prometheus of its own for tests, with its data in a temporary folder, on 127.0.0.1 and a free port, and a server that it scrapes
 * five times a second. Where the program is not installed the tests say what to install; in CI that is a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface PrometheusServer {
  url: string;
  start(): Promise<void>;
  /** What a power cut leaves. */
  kill(): Promise<void>;
  end(): Promise<void>;
}

const START_MS = 30_000;

function binary(): string | undefined {
  const inPath = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'prometheus'));
  return [...inPath, join(homedir(), '.cache/spillway/cluster/prometheus')].find(path => existsSync(path));
}

/** Whether the tests can run; says so once where they cannot. */
export function hasPrometheus(): boolean {
  if (binary()) return true;
  const message = 'Prometheus is not installed: `apt-get install prometheus` (it is only used as a program)';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stdout.write(`  skipped: ${message}\n`);
  return false;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** @param targets host:port of what is scraped, under the job `web` */
export async function startPrometheus(targets: readonly string[]): Promise<PrometheusServer> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-prometheus-'));
  const config = join(folder, 'prometheus.json');
  // JSON is YAML.
  const jobs = [{ job_name: 'web', static_configs: [{ targets }] }];
  writeFileSync(
    config,
    JSON.stringify({ global: { scrape_interval: '200ms', scrape_timeout: '200ms' }, scrape_configs: jobs }),
  );
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const log = join(folder, 'log');
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const fd = openSync(log, 'a');
    const data = `--storage.tsdb.path=${join(folder, 'data')}`;
    const args = [`--config.file=${config}`, data, `--web.listen-address=${address}`, '--log.level=warn'];
    child = spawn(binary()!, args, { cwd: folder, stdio: ['ignore', fd, fd] });
    closeSync(fd);
    const endMs = performance.now() + START_MS;
    const isReady = () =>
      fetch(`${url}/-/ready`).then(
        answer => answer.ok,
        () => false,
      );
    while (!(await isReady())) {
      if (child.exitCode !== null || performance.now() > endMs)
        throw new Error(`Prometheus did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  const lastResort = () => void child?.kill('SIGKILL');
  process.once('exit', lastResort);
  await start();
  return {
    url,
    start,
    kill,
    async end() {
      process.off('exit', lastResort);
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface CountingServer {
  /** host:port */
  address: string;
  /** Requests of one service, by their seconds; each one failed or not. */
  serve(service: string, seconds: readonly number[], code?: 200 | 500): void;
  /** Ends, and is there again on the same port with all counters at 0. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

/** Each 1.4 times the one before: a value twice as large is then two buckets further, which is the least that can be told for sure. */
const LES = [0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, Number.POSITIVE_INFINITY];

/** Counts as a gateway does: a series for each service and status, which begins with its first request. */
export async function startCountingServer(services: readonly string[]): Promise<CountingServer> {
  let counters = new Map<string, number[]>();
  let server: Server;
  let port = 0;
  const serve: CountingServer['serve'] = (service, seconds, code = 200) => {
    const key = `service="${service}",code="${code}"`;
    counters.set(key, [...(counters.get(key) ?? []), ...seconds]);
  };
  const text = () =>
    [...counters]
      .flatMap(([labels, seconds]) => [
        `requests_total{${labels}} ${seconds.length}`,
        ...LES.map(le => {
          const bound = le === Number.POSITIVE_INFINITY ? '+Inf' : String(le);
          return `duration_seconds_bucket{${labels},le="${bound}"} ${seconds.filter(value => value <= le).length}`;
        }),
        `duration_seconds_count{${labels}} ${seconds.length}`,
        `duration_seconds_sum{${labels}} ${seconds.reduce((sum, value) => sum + value, 0)}`,
      ])
      .join('\n');
  async function start(): Promise<void> {
    counters = new Map();
    for (const service of services) serve(service, []);
    server = createHttpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`${text()}\n`);
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }
  async function end(): Promise<void> {
    const gone = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await gone;
  }
  await start();
  return { address: `127.0.0.1:${port}`, serve, end, restart: () => end().then(start) };
}
