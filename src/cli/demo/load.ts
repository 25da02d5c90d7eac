/**
 * Users of the example app: a bounded, open-loop stream of chats from a fixed crowd, each user always the same to the
 * app. Watches the answers from outside, as users do, and keeps what the report needs.
 */
import { Agent, request } from 'undici';
import { questions } from '../../../examples/support-bot/questions.ts';

const USERS = 8_000;
/** Chats a second, over all apps. */
const RATE = 250;
/** The load ends by itself, whatever happens around it. */
const MAX_CHATS = 40_000;
const TICK_MS = 20;

export interface Seen {
  version: string;
  user: string;
  /** Wall clock, milliseconds. */
  startedAtMs: number;
  latencyMs: number;
  isRight: boolean;
}

export interface Load {
  seen: readonly Seen[];
  /** Chats that got no answer at all. */
  failed(): number;
  stop(): Promise<void>;
}

export function startLoad(appUrls: readonly string[], random: () => number): Load {
  const seen: Seen[] = [];
  const agent = new Agent({ connections: 64 });
  const open = new Set<Promise<void>>();
  let failed = 0;
  let sent = 0;
  let owed = 0;

  async function chat(): Promise<void> {
    const user = `user-${Math.floor(random() * USERS)}`;
    const question = questions[Math.floor(random() * questions.length)]!;
    const startedAtMs = Date.now();
    const startedAt = performance.now();
    try {
      const { statusCode, body } = await request(`${appUrls[sent % appUrls.length]}/chat`, {
        dispatcher: agent,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user, question: question.text }),
      });
      const answer = (await body.json()) as { answer?: string; version?: string };
      if (statusCode !== 200 || answer.version === undefined) failed++;
      else
        seen.push({
          version: answer.version,
          user,
          startedAtMs,
          latencyMs: performance.now() - startedAt,
          isRight: answer.answer?.includes(question.fact) === true,
        });
    } catch {
      failed++;
    }
  }

  const timer = setInterval(() => {
    owed += (RATE * TICK_MS) / 1000;
    for (; owed >= 1 && sent < MAX_CHATS; owed--, sent++) {
      const one: Promise<void> = chat().finally(() => open.delete(one));
      open.add(one);
    }
  }, TICK_MS);

  return {
    seen,
    failed: () => failed,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      await agent.close();
    },
  };
}
