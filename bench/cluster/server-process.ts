/** What the kernel says of a server's process: memory, processor time, connections to the API server. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const TICKS_PER_SECOND = 100;

/** Of the process now, and the most it ever had. */
export function memoryMiB(pid: number): { rss: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1024;
  return { rss: of('VmRSS'), peak: of('VmHWM') };
}

export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user! + system!) / TICKS_PER_SECOND;
}

/** Established connections of the process to a port of any address. */
export function connectionsTo(pid: number, port: number): number {
  const remote = port.toString(16).toUpperCase().padStart(4, '0');
  const established = ['tcp', 'tcp6'].flatMap(family =>
    readFileSync(`/proc/${pid}/net/${family}`, 'utf8')
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/))
      .filter(([, , to = '', state]) => to.endsWith(`:${remote}`) && state === '01')
      .map(fields => `socket:[${fields[9]}]`),
  );
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map(fd => linkOf(`/proc/${pid}/fd/${fd}`)));
  return established.filter(socket => own.has(socket)).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

export interface Watched {
  /** Percent of one core. */
  cpuPercent: number;
  /** Highest that was seen once a second. */
  rssMiB: number;
}

export async function watchProcess(pid: number, seconds: number): Promise<Watched> {
  const before = { cpu: cpuSeconds(pid), ms: performance.now() };
  let rssMiB = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1_000);
    rssMiB = Math.max(rssMiB, memoryMiB(pid).rss);
  }
  const tookS = (performance.now() - before.ms) / 1_000;
  return { cpuPercent: (100 * (cpuSeconds(pid) - before.cpu)) / tookS, rssMiB };
}
