/**
 * An example app: a support bot over HTTP. All that Spillway asks of an app is in `answer`: resolve the prompt for this
 * user, use it, and report what came of it. `POST /chat { user, question }` → `{ answer, version }`.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Connection, connect, type Prompt } from '@spillway/sdk';
import { questions } from './questions.ts';

/** What the app uses while Spillway has never been reached: it is never without a prompt. */
const FALLBACK: Prompt = {
  messages: [
    { role: 'system', content: 'You are the support bot of a shop. Answer briefly.' },
    { role: 'user', content: '{{question}}' },
  ],
};

export interface SupportBot {
  url: string;
  prompts: Connection;
  close(): Promise<void>;
}

export interface SupportBotOptions {
  spillwayUrl: string;
  modelUrl: string;
}

export async function startSupportBot({ spillwayUrl, modelUrl }: SupportBotOptions): Promise<SupportBot> {
  const prompts = connect({ url: spillwayUrl, fallback: { 'support-bot': FALLBACK } });
  await prompts.ready();

  async function answer(user: string, question: string): Promise<{ answer: string; version: string | undefined }> {
    const { value = FALLBACK, version } = prompts.prompt('support-bot', { unit: user });
    const startedAt = performance.now();
    let text = '';
    try {
      text = await ask(modelUrl, value, question);
      return { answer: text, version };
    } finally {
      if (version !== undefined)
        prompts.report({
          artifact: 'support-bot',
          version,
          unit: user,
          latencyMs: performance.now() - startedAt,
          error: text === '',
          ...(text === '' ? {} : { quality: grade(question, text) }),
        });
    }
  }

  const server = createServer(async (req, res) => {
    const { user = 'nobody', question = '' } = await bodyOf(req);
    const result = await answer(user, question).catch(() => undefined);
    res.writeHead(result ? 200 : 502, { 'content-type': 'application/json' });
    res.end(JSON.stringify(result ?? { error: 'the model does not answer' }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    prompts,
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, prompts.close()]);
    },
  };
}

async function ask(modelUrl: string, prompt: Prompt, question: string): Promise<string> {
  const messages = (prompt.messages ?? []).map(({ role, content }) => ({
    role,
    content: content.replaceAll('{{question}}', question),
  }));
  const response = await fetch(`${modelUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: prompt.model ?? 'simulated', messages, ...prompt.parameters }),
    signal: AbortSignal.timeout(10_000),
  });
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  return choices[0]!.message.content;
}

/** Stands for a user's thumb up or down, or a judge model: 1 when the answer holds the fact. */
function grade(question: string, answer: string): number {
  const known = questions.find(({ text }) => text === question);
  return known && answer.includes(known.fact) ? 1 : 0;
}

async function bodyOf(req: IncomingMessage): Promise<{ user?: string; question?: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as { user?: string; question?: string };
  } catch {
    return {};
  }
}
