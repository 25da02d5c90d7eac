/**
 * One HTTP/1.1 connection that is kept open, for load generators: a request is a prepared buffer, an answer is only read
 * as far as its status and length. A full client would take the cores that the server is to be measured on.
 */
import { connect, type Socket } from 'node:net';

export interface Connection {
  /** One at a time. Resolves with the status. */
  send(request: Buffer): Promise<number>;
  close(): void;
}

export function openConnection(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    let received = '';
    let done: ((status: number) => void) | undefined;
    let failed: (error: Error) => void = reject;
    socket.setEncoding('latin1');
    socket.on('data', chunk => {
      received += chunk;
      const head = received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (received.length < head + 4 + length) return;
      const status = Number(received.slice(9, 12));
      received = '';
      done?.(status);
    });
    socket.on('error', error => failed(error));
    socket.on('close', () => failed(new Error('the server closed the connection')));
    socket.on('connect', () =>
      resolve({
        send: request =>
          new Promise((answered, broke) => {
            done = answered;
            failed = broke;
            socket.write(request);
          }),
        close() {
          failed = () => {};
          socket.destroy();
        },
      }),
    );
  });
}

export function post(path: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
