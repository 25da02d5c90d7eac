/**
 * A simulated model: a small local server that speaks the OpenAI chat-completions protocol, so that the example needs no
 * key and no network. It is not intelligent and does not pretend to be: it looks the answer up, takes its time, and lets
 * itself be led astray by some instructions, as real models do. Everything around it in the demo is the product.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { questions } from './questions.ts';

/** What a phrase in the system prompt does to the model. Factors on latency, probabilities of a wrong answer. */
interface Temper {
  phrase: string;
  hardSlowdown: number;
  wrongEasy: number;
  wrongHard: number;
}

const CALM: Omit<Temper, 'phrase'> = { hardSlowdown: 1, wrongEasy: 0, wrongHard: 0.08 };
const TEMPERS: readonly Temper[] = [
  { phrase: 'think through every policy', hardSlowdown: 3, wrongEasy: 0, wrongHard: 0.6 },
  { phrase: 'answer in rhyme', hardSlowdown: 1, wrongEasy: 0.6, wrongHard: 0.8 },
];
const MEDIAN_MS = 55;
const SPREAD = 0.2;
const MAX_BODY_BYTES = 1 << 20;

export interface SimulatedModel {
  /** Base URL, to be used as OPENAI_BASE_URL. */
  url: string;
  close(): Promise<void>;
}

/** @param random uniform in [0, 1) */
export async function startSimulatedModel(random: () => number): Promise<SimulatedModel> {
  const server = createServer(async (req, res) => {
    const answer =
      req.method === 'POST' && req.url?.endsWith('/chat/completions') ? complete(await bodyOf(req), random) : undefined;
    await new Promise(resolve => setTimeout(resolve, answer?.latencyMs ?? 0));
    res.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
    res.end(JSON.stringify(answer ? answer.completion : { error: { message: 'unknown path' } }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface ChatRequest {
  model?: string;
  messages?: { role: string; content: string }[];
}

function complete({ model = 'simulated', messages = [] }: ChatRequest, random: () => number) {
  const system = messages
    .filter(({ role }) => role === 'system')
    .map(({ content }) => content.toLowerCase())
    .join('\n');
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const question = questions.find(({ text }) => asked.includes(text));
  const temper = TEMPERS.find(({ phrase }) => system.includes(phrase)) ?? CALM;
  const isWrong = random() < (question?.isHard ? temper.wrongHard : temper.wrongEasy);
  const content = !question
    ? 'I do not know that one.'
    : isWrong
      ? 'Let me think. It depends, I am afraid.'
      : `That would be: ${question.fact}.`;
  const slowdown = question?.isHard ? temper.hardSlowdown : 1;
  const words = content.split(' ').length;
  return {
    latencyMs: MEDIAN_MS * Math.exp(SPREAD * normal(random)) * slowdown,
    completion: {
      id: 'simulated',
      object: 'chat.completion',
      model,
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 40, completion_tokens: words, total_tokens: 40 + words },
    },
  };
}

/** Standard normal, Box–Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

async function bodyOf(req: IncomingMessage): Promise<ChatRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return {};
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as ChatRequest;
  } catch {
    return {};
  }
}
