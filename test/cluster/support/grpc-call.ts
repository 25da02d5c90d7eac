/** Unary gRPC calls through the data plane, without a library: one length-prefixed message each way, the status in the trailers. */
import { connect } from 'node:http2';
import { GATEWAY } from '../plane/addresses.ts';

export interface Called {
  /** `grpc-status`; undefined when the connection broke. */
  status: string | undefined;
  /** What the service answered. */
  version: string;
}

const CALL_MS = 5_000;
const AT_ONCE = 8;

/** Not compressed, and its length. */
export function framed(message: string): Buffer {
  const body = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** So many calls to `host`, with these headers. @returns what each was answered */
export async function callAll(host: string, count: number, headers: Record<string, string> = {}): Promise<Called[]> {
  const session = connect(GATEWAY);
  session.on('error', () => undefined);
  const answers: Called[] = [];
  let left = count;
  const work = async () => {
    while (left-- > 0) answers.push(await callOne(session, host, headers));
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return answers;
  } finally {
    session.destroy();
  }
}

function callOne(session: ReturnType<typeof connect>, host: string, more: Record<string, string>): Promise<Called> {
  return new Promise(resolve => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/shop.Versions/Get',
      ':authority': host,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...more,
    });
    const chunks: Buffer[] = [];
    let status: string | undefined;
    const take = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status']);
    };
    stream.on('response', take).on('trailers', take);
    stream.on('data', chunk => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.once('close', () => resolve({ status, version: Buffer.concat(chunks).subarray(5).toString() }));
    stream.setTimeout(CALL_MS, () => stream.destroy());
    stream.end(framed(''));
  });
}
