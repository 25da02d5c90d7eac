/**
 * From the decision to roll back until every connected client has read it: `node bench/assignment-push.ts [clients] [rounds]`.
 * Clients are plain sockets in this process, the server is another one; both read the machine's monotonic clock. Goal:
 * p99 ≤ 50 ms for 1,000 clients.
 */
import { connect, type Socket } from 'node:net';
import { quantileOfSorted } from '../src/stats/quantile.ts';
import { forkServer } from './bench-server.ts';

const clients = Number(process.argv[2] ?? 1_000);
const rounds = Number(process.argv[3] ?? 40);
const BUDGET_MS = 50;

const server = await forkServer();
/** Times of receipt in nanoseconds, by epoch. */
const received = new Map<number, bigint[]>();

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () =>
      socket.write('GET /api/v1/assignments HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
    );
    socket.setEncoding('latin1');
    socket.on('error', reject);
    let isSynced = false;
    socket.on('data', text => {
      if (!isSynced && String(text).includes('event: synced')) {
        isSynced = true;
        return resolve(socket);
      }
      const epoch = /"epoch":(\d+)/.exec(String(text))?.[1];
      if (isSynced && epoch !== undefined) received.get(Number(epoch))?.push(process.hrtime.bigint());
    });
  });
}

const sockets: Socket[] = [];
for (let index = 0; index < clients; index += 1) sockets.push(await open());

const all: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const epoch = round + 2;
  received.set(epoch, []);
  const { decidedNs } = await server.change(round % 2 === 0 ? 'rollback' : 'expose');
  while (received.get(epoch)!.length < clients) await new Promise(resolve => setTimeout(resolve, 1));
  if (round % 2 === 0 && round > 3) all.push(...received.get(epoch)!.map(ns => Number(ns - BigInt(decidedNs)) / 1e6));
}
for (const socket of sockets) socket.destroy();
await server.stop();

all.sort((a, b) => a - b);
const at = (share: number) => quantileOfSorted(all, share);
console.log(
  `decision → ${clients} clients: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms (budget ${BUDGET_MS}), max ${at(1).toFixed(1)} ms`,
);
process.exitCode = at(0.99) <= BUDGET_MS ? 0 : 1;
