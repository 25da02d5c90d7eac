/**
 * The app that pods of the tests run: answers which version and pod it is, and does what a test tells it to. Its version is its
 * image's tag. It listens on its pod's address, as everything here has to.
 *
 * With FAIL_SHARE (0 to 1) it answers that share of requests with 500 (one that becomes failing: half of them), with DELAY_MS
 * each request that much later.
 *
 *   GET /  ·  GET /ready  ·  GET /alive  ·  GET /metrics  ·  POST /become/unready, /become/ready, /become/sick,
 *   /become/failing, /become/ailing (not alive, and ready nevertheless)
 */
import { createServer } from 'node:http';

const { POD_IP, POD_NAME, CONTAINER_IMAGE = '', PORT = '8080' } = process.env;
const version = process.env['VERSION'] ?? CONTAINER_IMAGE.split(':').at(-1);
const is = { ready: true, alive: true };
let failShare = Number(process.env['FAIL_SHARE'] ?? 0);
const delayMs = Number(process.env['DELAY_MS'] ?? 0);
let served = 0;
/** What is owed to failures: exact instead of by chance, so that a test knows what it sends. */
let owed = 0;

const server = createServer((request, response) => {
  const [, first = '', second = ''] = (request.url ?? '/').split('/');
  const answer = (ok: boolean) => response.writeHead(ok ? 200 : 503).end();
  if (first === 'ready') answer(is.ready);
  else if (first === 'alive') answer(is.alive);
  else if (first === 'metrics') response.end(`# TYPE app_requests_total counter\napp_requests_total ${served}\n`);
  else if (first === 'become') {
    is.ready = ['ready', 'failing', 'ailing'].includes(second);
    is.alive = second !== 'sick' && second !== 'ailing';
    if (second === 'failing') failShare = 0.5;
    answer(true);
  } else {
    served += 1;
    owed += failShare;
    const isFailure = owed >= 1;
    if (isFailure) owed -= 1;
    response.writeHead(isFailure ? 500 : 200, { 'content-type': 'application/json' });
    const body = JSON.stringify({ version, pod: POD_NAME, greeting: process.env['GREETING'] });
    if (delayMs > 0) setTimeout(() => response.end(body), delayMs);
    else response.end(body);
  }
});
server.listen(Number(PORT), POD_IP);
// Keep-alive connections of the gateway are closed with the answer under way, so that none is cut.
process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
