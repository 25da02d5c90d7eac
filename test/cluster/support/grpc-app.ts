/**
 * A gRPC service as pods of the tests run it: whatever method is called, it answers one message that is its version, its image's tag.
 * HTTP/2 without TLS, as gateways speak it to a Service by default.
 */
import { createServer } from 'node:http2';
import { framed } from './grpc-call.ts';

const { POD_IP, CONTAINER_IMAGE = '', PORT = '8080' } = process.env;
const version = CONTAINER_IMAGE.split(':').at(-1) ?? '';

const server = createServer();
server.on('stream', stream => {
  // Announced, as Go's gRPC does: a proxy learns of others when it has told its own counters already.
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', trailer: 'grpc-status' },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.on('error', () => undefined);
  stream.resume();
  stream.end(framed(version));
});
server.listen(Number(PORT), POD_IP);
process.once('SIGTERM', () => process.exit(0));
