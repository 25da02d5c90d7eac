/** Requests through the data plane, and who answered them. Load goes to the gateway's address inside the namespace only. */
import { Agent, request } from 'undici';
import { until } from '../../support/until.ts';
import { GATEWAY } from '../plane/addresses.ts';
import type { Weights } from './workloads.ts';

export interface Answers {
  /** By the version that answered. */
  byVersion: Readonly<Record<string, number>>;
  /** Answers of the gateway instead of an app, and broken connections. */
  failed: number;
}

/** Which rule of the route a request is for. */
export interface To {
  path?: string;
  headers?: Record<string, string>;
}

const AT_ONCE = 8;
const dispatcher = new Agent({ connections: AT_ONCE });

/** The version that answered; undefined when no app did. */
export async function ask(host: string, { path = '/', headers = {} }: To = {}): Promise<string | undefined> {
  try {
    const to = { dispatcher, headers: { host, ...headers } };
    const { statusCode, body } = await request(new URL(path, GATEWAY), to);
    const text = await body.text();
    return statusCode === 200 ? (JSON.parse(text) as { version: string }).version : undefined;
  } catch {
    return undefined;
  }
}

export async function send(host: string, count: number, to: To = {}): Promise<Answers> {
  const byVersion: Record<string, number> = {};
  let failed = 0;
  let left = count;
  const work = async () => {
    while (left-- > 0) {
      const version = await ask(host, to);
      if (version === undefined) failed += 1;
      else byVersion[version] = (byVersion[version] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { byVersion, failed };
}

/** Waits until every version with a weight answers and no other does. */
export async function untilServed(host: string, weights: Weights): Promise<void> {
  const wanted = Object.keys(weights)
    .filter(version => weights[version]! > 0)
    .sort();
  let last: Answers | undefined;
  const isServed = async () => {
    last = await send(host, 100);
    return last.failed === 0 && Object.keys(last.byVersion).sort().join() === wanted.join();
  };
  await until(`${host} is served by ${wanted}`, isServed, { withinMs: 30_000, instead: () => last });
}
