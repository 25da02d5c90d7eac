/**
 * A PostgreSQL of its own for tests: a fresh cluster in a temporary folder, on 127.0.0.1 and a free port, with every sync
 * to disk that a real one makes. It refuses to run as root, so it then runs as `nobody`. Where no server is installed the
 * tests say what to install; in CI that is a failure.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';

export interface PostgresServer {
  /** An address with nothing behind it yet: a schema of its own, which is quicker than a database. */
  address(): string;
  /** Takes all rows away: far quicker than new tables, or new files for the old ones. */
  empty(address: string): Promise<void>;
  port: number;
  /** The process of the server; its sessions are children of it. */
  pid(): number;
  start(): Promise<void>;
  /** `fast` says goodbye to its clients, `immediate` is what a power cut leaves. */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
  /** One statement as the administrator. */
  query(sql: string, url?: string): Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

const DEBIAN = '/usr/lib/postgresql';

function binary(name: string): string | undefined {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...debian.map(major => join(DEBIAN, major, 'bin'))];
  return folders.map(folder => join(folder, name)).find(path => existsSync(path));
}

/** Whether the tests can run; says so once where they cannot. */
export function hasPostgres(): boolean {
  if (binary('postgres') && binary('initdb')) return true;
  const message = 'PostgreSQL is not installed: `apt-get install postgresql` (its server is only used as a program)';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stdout.write(`  skipped: ${message}\n`);
  return false;
}

/** Whom to run as: undefined is the present user. */
function servant(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-postgres-'));
  const user = servant();
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const log = join(folder, 'log');
  const as = { cwd: folder, ...user };
  const initial = ['-D', data, '-U', 'spillway', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(binary('initdb')!, initial, { ...as, stdio: 'pipe' });
  const port = await freePort();
  const admin = `postgres://spillway@127.0.0.1:${port}/postgres`;
  let child: ChildProcess | undefined;
  let schemas = 0;

  async function query(sql: string, url = admin): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async function start(): Promise<void> {
    const fd = openSync(log, 'a');
    const settings = ['listen_addresses=127.0.0.1', 'max_connections=200', `unix_socket_directories=${folder}`];
    const args = ['-D', data, '-p', String(port), ...settings.flatMap(setting => ['-c', setting])];
    child = spawn(binary('postgres')!, args, { ...as, stdio: ['ignore', fd, fd] });
    closeSync(fd);
    const endMs = performance.now() + 30_000;
    while (!(await query('select 1').catch(() => undefined))) {
      if (child.exitCode !== null || performance.now() > endMs)
        throw new Error(`PostgreSQL did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  async function stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await gone;
  }

  const lastResort = () => void child?.kill('SIGQUIT');
  process.once('exit', lastResort);
  await start();
  return {
    port,
    pid: () => child!.pid!,
    start,
    stop,
    query,
    async empty(address) {
      const schema = new URL(address).searchParams.get('schema');
      const ours = `schemaname = '${schema}'`;
      const rows = await query(`
        select format('delete from %I.%I', schemaname, tablename) as do from pg_tables
          where ${ours} and tablename not like 'kysely%'
        union all select format('alter sequence %I.%I restart', schemaname, sequencename) from pg_sequences where ${ours}`);
      await query(rows.map(row => row['do']).join('; '));
    },
    address: () => `${admin}?schema=test_${++schemas}`,
    async end() {
      process.off('exit', lastResort);
      await stop('immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
