/**
 * Requests through the data plane at a fixed rate, whatever becomes of them, and a record of each: when it was sent, which
 * version answered, and how. Bounded by its own stop; it sends to the gateway of the namespace only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { GATEWAY } from '../plane/addresses.ts';

export interface Answered {
  /** When it was sent, and when it was answered; `performance.now()`. */
  sentMs: number;
  endedMs: number;
  /** Undefined when no app answered: the gateway did, or nobody. */
  version: string | undefined;
  /** 0 when the connection broke. */
  status: number;
}

export interface SteadyTraffic {
  /** So far, in the order in which they were answered. */
  answers: Answered[];
  /** Those sent since a moment; `performance.now()`. */
  since(ms: number): Answered[];
  stop(): Promise<Answered[]>;
}

const TICK_MS = 10;
const CALL_MS = 10_000;

export function steadyTraffic(host: string, perSecond: number): SteadyTraffic {
  const dispatcher = new Agent({ connections: 64, keepAliveTimeout: 30_000 });
  const answers: Answered[] = [];
  const underWay = new Set<Promise<void>>();
  let isOver = false;

  async function send(): Promise<void> {
    const sentMs = performance.now();
    const answer = await ask(host, dispatcher);
    answers.push({ sentMs, endedMs: performance.now(), ...answer });
  }

  async function run(): Promise<void> {
    const beganMs = performance.now();
    let sent = 0;
    while (!isOver) {
      // What a slow moment left out is made up for: the rate is that of users, who do not wait for one another.
      const due = Math.floor(((performance.now() - beganMs) * perSecond) / 1_000);
      for (; sent < due; sent++) {
        const one = send().finally(() => underWay.delete(one));
        underWay.add(one);
      }
      await sleep(TICK_MS);
    }
  }

  const running = run();
  return {
    answers,
    since: ms => answers.filter(({ sentMs }) => sentMs >= ms),
    async stop() {
      isOver = true;
      await running;
      await Promise.all(underWay);
      await dispatcher.close();
      return answers;
    },
  };
}

async function ask(host: string, dispatcher: Agent): Promise<Pick<Answered, 'version' | 'status'>> {
  try {
    const { statusCode, body } = await request(GATEWAY, {
      dispatcher,
      headers: { host },
      signal: AbortSignal.timeout(CALL_MS),
    });
    const text = await body.text();
    return { status: statusCode, version: versionIn(text) };
  } catch {
    return { status: 0, version: undefined };
  }
}

function versionIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** Of the gateway, or of nobody: what no app has answered. */
export const broken = (answers: readonly Answered[]) => answers.filter(({ version }) => version === undefined);

/** Percent of the answers by apps that this version gave. */
export function shareOf(version: string, answers: readonly Answered[]): number {
  const byApps = answers.filter(answer => answer.version !== undefined);
  return byApps.length === 0 ? 0 : (100 * byApps.filter(answer => answer.version === version).length) / byApps.length;
}
