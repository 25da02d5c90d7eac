/**
 * Every failure a user can meet: one row, one way out. One table, so that the command line, the HTTP API and the docs
 * agree on the exit status, the HTTP status and the hint. Expected outcomes (a verdict, a decision) are values, never
 * errors; a programmer's mistake is an assertion, never a row here.
 */

/** `retry`: the next pass or call may succeed unchanged. `exit`: 1 the gate said no, 2 wrong use, 3 could not be carried out. */
export const FAILURES = {
  CONFIG_INVALID: {
    exit: 2,
    status: 400,
    retry: false,
    hint: 'Run `spillway lint FILE`: it lists every problem with its line.',
  },
  FILE_UNREADABLE: { exit: 2, status: 400, retry: false, hint: 'Check the path and its permissions.' },
  USAGE: { exit: 2, status: 400, retry: false, hint: 'Run the command with --help for its options and an example.' },
  NOT_SUPPORTED: { exit: 2, status: 400, retry: false, hint: 'Remove the field, or use a version that supports it.' },
  REQUEST_INVALID: {
    exit: 2,
    status: 400,
    retry: false,
    hint: 'Correct the fields listed under `errors` and send it again.',
  },
  BODY_TOO_LARGE: { exit: 2, status: 413, retry: false, hint: 'Send smaller batches or documents.' },
  UNAUTHORIZED: { exit: 2, status: 401, retry: false, hint: 'Set SPILLWAY_TOKEN to the token of the server.' },
  NOT_FOUND: {
    exit: 2,
    status: 404,
    retry: false,
    hint: 'List what there is: `spillway status` or GET /api/v1/releases.',
  },
  METHOD_NOT_ALLOWED: {
    exit: 2,
    status: 405,
    retry: false,
    hint: 'See the HTTP reference for the methods of this path.',
  },
  AMBIGUOUS: { exit: 2, status: 409, retry: false, hint: 'Name the release or the artifact.' },
  RELEASE_FINISHED: { exit: 2, status: 409, retry: false, hint: 'Start a new release: `spillway release PIPELINE`.' },
  RELEASE_PAUSED: { exit: 2, status: 409, retry: false, hint: 'Resume it first: `spillway resume`.' },
  COMMAND_REFUSED: {
    exit: 2,
    status: 409,
    retry: false,
    hint: 'See `spillway status` for what the release can do now.',
  },
  VERSION_HELD: {
    exit: 2,
    status: 409,
    retry: false,
    hint: 'This version was rolled back before. Pass --force to try it again.',
  },
  VERSION_SERVING: {
    exit: 2,
    status: 409,
    retry: false,
    hint: 'Change the prompt first: this version serves already.',
  },
  STATE_MOVED: {
    exit: 3,
    status: 409,
    retry: true,
    hint: 'Another actor changed the release meanwhile; look and try again.',
  },
  IDEMPOTENCY_MISMATCH: {
    exit: 2,
    status: 422,
    retry: false,
    hint: 'Use a new Idempotency-Key for a different request.',
  },
  EPOCH_STALE: { exit: 3, status: 409, retry: true, hint: 'A newer weight is in force; the next pass reads it.' },
  WEIGHT_REJECTED: {
    exit: 3,
    status: 502,
    retry: true,
    hint: 'Look at the route and at what its gateways say of it: `kubectl describe httproute NAME`.',
  },
  RIGHTS_MISSING: {
    exit: 3,
    status: 502,
    retry: true,
    hint: 'Give the service account the rule that the message names, in a Role and a RoleBinding.',
  },
  CLUSTER_UNREACHABLE: {
    exit: 3,
    status: 503,
    retry: true,
    hint: 'Check that the API server answers: `kubectl get --raw /readyz`.',
  },
  PLACE_UNKNOWN: {
    exit: 3,
    status: 503,
    retry: true,
    hint: 'Wait until the cluster was looked at; if it stays so, see the conditions: `kubectl describe pipeline NAME`.',
  },
  STORE_UNAVAILABLE: {
    exit: 3,
    status: 503,
    retry: true,
    hint: 'Check the data folder: is it writable, is the disk full? Weights do not rise until it is back; a rollback still works.',
  },
  STORE_LOCKED: {
    exit: 3,
    status: 503,
    retry: true,
    hint: 'Another Spillway server uses this data folder. Stop it, or name another folder with --data.',
  },
  STORE_CORRUPT: {
    exit: 3,
    status: 500,
    retry: false,
    hint: 'Restore the data folder from a backup; run `spillway audit verify`.',
  },
  PROVIDER_FAILED: {
    exit: 3,
    status: 502,
    retry: true,
    hint: 'Check the endpoint (OPENAI_BASE_URL) and the key (OPENAI_API_KEY).',
  },
  METRICS_UNREACHABLE: {
    exit: 3,
    status: 503,
    retry: true,
    hint: 'Check the address of Prometheus and its load. Until it answers the evidence stands still, and no weight rises.',
  },
  METRICS_REFUSED: {
    exit: 3,
    status: 502,
    retry: false,
    hint: 'Check the token or headers for Prometheus, and the certificate authority that signed its certificate.',
  },
  METRICS_QUERY_INVALID: {
    exit: 2,
    status: 400,
    retry: false,
    hint: 'Try the query in the graph view of Prometheus: it is run there as it is here.',
  },
  METRICS_ANSWER_INVALID: {
    exit: 3,
    status: 502,
    retry: false,
    hint: 'Is the address that of the HTTP API of Prometheus, and does the query return the kind of value that is asked for?',
  },
  OVERLOADED: {
    exit: 3,
    status: 429,
    retry: true,
    hint: 'Send the same batch, with the same sequence, again after the time in Retry-After.',
  },
  SERVER_UNREACHABLE: {
    exit: 3,
    status: 503,
    retry: true,
    hint: 'Start one with `spillway serve`, or name one with --server.',
  },
  ADDRESS_IN_USE: { exit: 3, status: 503, retry: false, hint: 'Choose another port with --port, or 0 for a free one.' },
  TOKEN_REQUIRED: {
    exit: 2,
    status: 400,
    retry: false,
    hint: 'Set SPILLWAY_TOKEN before binding an address other than 127.0.0.1.',
  },
  SHUTTING_DOWN: { exit: 3, status: 503, retry: true, hint: 'The server is stopping; call again in a moment.' },
  INTERRUPTED: { exit: 3, status: 503, retry: true, hint: 'It was interrupted; what was done is kept.' },
  INTERNAL: { exit: 3, status: 500, retry: false, hint: 'This is a fault of Spillway. Please report it with the log.' },
} as const satisfies Record<string, { exit: 1 | 2 | 3; status: number; retry: boolean; hint: string }>;

export type FailureCode = keyof typeof FAILURES;

/** One thing that is wrong in a document or a request. `path` is the field ("spec.rollout.stages[1].weight") or the file. */
export interface Problem {
  file?: string;
  /** 1-based. */
  line?: number;
  /** 1-based. */
  column?: number;
  path: string;
  message: string;
}

export interface FailureDetail {
  cause?: unknown;
  /** All problems at once, never only the first. */
  problems?: readonly Problem[];
  /** Replaces the table's hint where the place of the failure knows a better way out. */
  hint?: string;
}

/** Message = what happened, with names and values; hint = what to do. Never holds a secret. */
export class SpillwayError extends Error {
  override readonly name = 'SpillwayError';
  readonly code: FailureCode;
  readonly problems: readonly Problem[];
  readonly hint: string;

  constructor(code: FailureCode, message: string, detail: FailureDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.problems = detail.problems ?? [];
    this.hint = detail.hint ?? FAILURES[code].hint;
  }

  get exit(): number {
    return FAILURES[this.code].exit;
  }

  get status(): number {
    return FAILURES[this.code].status;
  }
}

/** Turns anything thrown into a SpillwayError; what is not ours becomes INTERNAL with its cause kept. */
export function asSpillwayError(error: unknown, code: FailureCode = 'INTERNAL'): SpillwayError {
  if (error instanceof SpillwayError) return error;
  return new SpillwayError(code, error instanceof Error ? error.message : String(error), { cause: error });
}

/** `file:line:column: path: message`, with what is unknown left out: the form that editors and terminals make clickable. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter(part => part !== undefined).join(':');
  return [place, problem.path, problem.message].filter(part => part !== '').join(': ');
}
