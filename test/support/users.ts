/**
 * Users of an app that uses the SDK: a steady stream of units, each met once, each with an outcome that the version's text
 * decides. They see only what the SDK resolves, as an app does.
 */
import { type Connection, connect } from '@spillway/sdk';
import { ARTIFACT } from './documents.ts';
import type { Room } from './room.ts';

export interface Users {
  prompts: Connection;
  /** Versions that were resolved since the start, in the order in which they were first met. */
  met: ReadonlySet<string>;
  /** From now on nobody may be given this version; who is, is kept in `wronged`. */
  forbid(version: string): void;
  wronged: readonly string[];
  stop(): Promise<void>;
}

export interface UsersOptions {
  url: string;
  /** Uniform in [0, 1). */
  random: () => number;
  perSecond?: number;
}

const TICK_MS = 20;

export function startUsers(room: Room, { url, random, perSecond = 300 }: UsersOptions): Users {
  // A short back-off: the server is away often here, and never long.
  const prompts = connect({ url, random: () => 0.02 });
  const met = new Set<string>();
  const forbidden = new Set<string>();
  const wronged: string[] = [];
  let count = 0;

  function serveOne(): void {
    const unit = `unit-${count++}`;
    const { value, version } = prompts.prompt(ARTIFACT, { unit });
    if (version === undefined) return;
    met.add(version);
    if (forbidden.has(version)) wronged.push(`${unit} met ${version}`);
    const text = JSON.stringify(value);
    const latencyMs = 50 * Math.exp(0.3 * normal(random)) * (text.includes('slow') ? 3 : 1);
    prompts.report({ artifact: ARTIFACT, version, unit, latencyMs, error: text.includes('broken') && random() < 0.7 });
  }

  let owed = 0;
  const timer = setInterval(() => {
    for (owed += (perSecond * TICK_MS) / 1_000; owed >= 1; owed--) serveOne();
  }, TICK_MS);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    clearInterval(timer);
    stopped ??= prompts.close();
    return stopped;
  };
  room.atEnd(stop);
  return { prompts, met, forbid: version => void forbidden.add(version), wronged, stop };
}

/** Standard normal, Box–Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
