/**
 * A real HTTP server that answers like a chat completions endpoint, and misbehaves on demand in the ways that real ones do.
 * What it does with a call depends on the call alone (its number, its prompt, how often that prompt came), never on time.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SimulatedCall {
  /** From 1, in order of arrival. */
  number: number;
  /** Times this very prompt has come, this one included. */
  seen: number;
  /** Text of the last message. */
  prompt: string;
  body: { model: string; messages: { role: string; content: string }[]; [field: string]: unknown };
  headers: IncomingMessage['headers'];
}

export type Reply =
  | { status?: number; headers?: Record<string, string>; body?: string; delayMs?: number }
  | 'answer'
  | 'hang'
  | 'reset'
  | 'html'
  | 'cutJson'
  | 'cutBody'
  | 'noChoices';

export interface SimulatedEndpoint {
  baseUrl: string;
  calls: SimulatedCall[];
  /** Most calls that were open at once. */
  inFlightMax(): number;
  /** Connections that were opened. */
  connections(): number;
  close(): Promise<void>;
}

/** Answers with the prompt, turned to upper case, unless `behave` says otherwise. */
export async function simulateEndpoint(
  behave: (call: SimulatedCall) => Reply = () => 'answer',
): Promise<SimulatedEndpoint> {
  const calls: SimulatedCall[] = [];
  const seen = new Map<string, number>();
  let inFlight = 0;
  let inFlightMax = 0;
  let connections = 0;
  const server = createServer(async (request, response) => {
    inFlight += 1;
    inFlightMax = Math.max(inFlightMax, inFlight);
    response.once('close', () => {
      inFlight -= 1;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as SimulatedCall['body'];
    const prompt = body.messages.at(-1)?.content ?? '';
    seen.set(prompt, (seen.get(prompt) ?? 0) + 1);
    const call = { number: calls.length + 1, seen: seen.get(prompt)!, prompt, body, headers: request.headers };
    calls.push(call);
    respond(response, behave(call), call);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    inFlightMax: () => inFlightMax,
    connections: () => connections,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

export function completionOf(content: string, model = 'simulated'): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  });
}

function respond(response: ServerResponse, reply: Reply, call: SimulatedCall): void {
  const json = { 'content-type': 'application/json' };
  const answer = completionOf(call.prompt.toUpperCase(), call.body.model);
  switch (reply) {
    case 'answer':
      response.writeHead(200, json).end(answer);
      return;
    case 'hang':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please <b>log in</b></body></html>');
      return;
    case 'cutJson':
      response.writeHead(200, json).end(answer.slice(0, 60));
      return;
    case 'cutBody':
      response.writeHead(200, { ...json, 'content-length': answer.length });
      response.write(answer.slice(0, 60), () => response.socket?.destroy());
      return;
    case 'noChoices':
      response.writeHead(200, json).end(JSON.stringify({ model: 'simulated', choices: [] }));
      return;
    default: {
      const send = () =>
        response.writeHead(reply.status ?? 200, { ...json, ...reply.headers }).end(reply.body ?? answer);
      if (reply.delayMs === undefined) send();
      else setTimeout(send, reply.delayMs);
    }
  }
}
