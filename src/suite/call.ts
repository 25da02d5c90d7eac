/**
 * What answers a prompt, seen from the runner: one call, one completion or one typed failure. Retries, time-outs and
 * scheduling are the runner's; a provider makes exactly one attempt.
 */
import type { Json } from '../config/plan.ts';

export interface RenderedMessage {
  role: string;
  /** Text, or the content parts of a chat array that was written as JSON. */
  content: Json;
  [field: string]: Json;
}

/** A prompt with its variables filled in. */
export interface RenderedPrompt {
  messages: RenderedMessage[];
  /** Of the artifact; wins over the provider's. */
  model?: string;
  parameters?: { [key: string]: Json };
}

export interface Completion {
  output: string;
  /** Prompt and answer together, where the endpoint reports them. */
  tokens?: number;
  costUsd?: number;
  /** As the endpoint names it. */
  model?: string;
}

/** `aborted`: the caller's signal, not the endpoint. `timeout` is given by the runner, whose deadline it is. */
export type CallFailureKind = 'http' | 'network' | 'timeout' | 'malformed' | 'aborted';

interface CallFailureDetail {
  status?: number;
  /** The same call may succeed in a moment. */
  retryable: boolean;
  /** How long the endpoint asks us to stay away, from now. */
  retryAfterMs?: number;
}

/** Why a call gave no completion. The message is fit for a report: no key, no header, at most a few hundred characters. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly kind: CallFailureKind;
  readonly status: number | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(kind: CallFailureKind, message: string, detail: CallFailureDetail) {
    super(message);
    this.kind = kind;
    this.status = detail.status;
    this.retryable = detail.retryable;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

export interface Provider {
  /** One attempt. Rejects with CallFailure and nothing else, and soon after the signal aborts. */
  call(prompt: RenderedPrompt, signal: AbortSignal): Promise<Completion>;
  /** Lets its connections go; calls in flight fail. */
  close(): Promise<void>;
}

export interface ProviderOptions {
  /** OPENAI_BASE_URL of the caller's environment; the provider's own `apiBaseUrl` wins. */
  baseUrl?: string;
  /** OPENAI_API_KEY of the caller's environment; the provider's own `apiKey` wins. */
  apiKey?: string;
  /** Calls at a time: the number of workers. */
  connections: number;
}
