/**
 * The app that pods of the tests run: answers which version and pod it is, and does what a test tells it to. Its version is its
 * image's tag. It listens on its pod's address, as everything here has to.
 *
 *   GET /  ·  GET /ready  ·  GET /alive  ·  GET /metrics  ·  POST /become/unready, /become/ready, /become/sick
 */
import { createServer } from 'node:http';

const { POD_IP, POD_NAME, CONTAINER_IMAGE = '', PORT = '8080' } = process.env;
const version = process.env['VERSION'] ?? CONTAINER_IMAGE.split(':').at(-1);
const is = { ready: true, alive: true };
let served = 0;

const server = createServer((request, response) => {
  const [, first = '', second = ''] = (request.url ?? '/').split('/');
  const answer = (ok: boolean) => response.writeHead(ok ? 200 : 503).end();
  if (first === 'ready') answer(is.ready);
  else if (first === 'alive') answer(is.alive);
  else if (first === 'metrics') response.end(`# TYPE app_requests_total counter\napp_requests_total ${served}\n`);
  else if (first === 'become') {
    is.ready = second === 'ready';
    is.alive = second !== 'sick';
    answer(true);
  } else {
    served += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ version, pod: POD_NAME, greeting: process.env['GREETING'] }));
  }
});
server.listen(Number(PORT), POD_IP);
// Keep-alive connections of the gateway are closed with the answer under way, so that none is cut.
process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
