/**
 * What PostgreSQL, its driver or the network reports, as one of our failures. By SQLSTATE, never by the words of a
 * message, which the server writes in its own language; words are looked at only where the driver has nothing else.
 */
import { type FailureCode, SpillwayError } from '../errors.ts';

const HINT =
  'Check the database that --database names: does it run, is it reachable, has it room? Weights do not rise until it is back; a rollback still works.';

/** By class or whole SQLSTATE, the longer one first; https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const STATES: Record<string, { code: FailureCode; what: string }> = {
  '08': { code: 'STORE_UNAVAILABLE', what: 'the connection was lost' },
  '25006': { code: 'STORE_UNAVAILABLE', what: 'it is read-only' },
  '25P03': { code: 'STORE_UNAVAILABLE', what: 'a transaction stood still for too long and was ended' },
  '28': { code: 'STORE_UNAVAILABLE', what: 'it does not let this user in' },
  '3D000': { code: 'STORE_UNAVAILABLE', what: 'there is no such database' },
  '40': { code: 'STORE_UNAVAILABLE', what: 'too many write at once' },
  '42501': { code: 'STORE_UNAVAILABLE', what: 'this user may not do that' },
  '53': { code: 'STORE_UNAVAILABLE', what: 'it has too little room or memory' },
  '53100': { code: 'STORE_UNAVAILABLE', what: 'its disk is full' },
  '53300': { code: 'STORE_UNAVAILABLE', what: 'it has too many connections' },
  '55P03': { code: 'STORE_UNAVAILABLE', what: 'another session keeps a lock' },
  '57': { code: 'STORE_UNAVAILABLE', what: 'it ended the session' },
  '57014': { code: 'STORE_UNAVAILABLE', what: 'a statement took longer than its limit' },
  '57P03': { code: 'STORE_UNAVAILABLE', what: 'it is starting or stopping' },
  '58': { code: 'STORE_UNAVAILABLE', what: 'its disk reports an error' },
  XX001: { code: 'STORE_CORRUPT', what: 'its data is damaged' },
  XX002: { code: 'STORE_CORRUPT', what: 'its data is damaged' },
};

/** Said by the driver itself, without a code. */
const UNANSWERED =
  /timeout|terminated|not queryable|Cannot use a pool|already been destroyed|been discarded|SASL|SCRAM/i;

function stateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** A system error's own word, as ECONNREFUSED: the address in its message is not repeated. */
function systemCode(error: unknown): string | undefined {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return typeof code === 'string' && typeof syscall === 'string' ? code : undefined;
}

export function postgresFailure(error: unknown): SpillwayError {
  if (error instanceof SpillwayError) return error;
  // Several addresses of one host were tried: all failed, and the first says why.
  if (error instanceof AggregateError && error.errors.length > 0) return postgresFailure(error.errors[0]);
  const state = stateOf(error);
  if (state !== undefined) {
    const message = error instanceof Error ? error.message : state;
    const { code, what } = STATES[state] ?? STATES[state.slice(0, 2)] ?? { code: 'INTERNAL', what: message };
    const hint = code === 'STORE_UNAVAILABLE' ? { hint: HINT } : {};
    return new SpillwayError(code, `The store cannot be used: ${what} (${state})`, { cause: error, ...hint });
  }
  const message = systemCode(error) ?? (error instanceof Error ? error.message : String(error));
  const isAway = systemCode(error) !== undefined || UNANSWERED.test(message);
  if (!isAway) return new SpillwayError('INTERNAL', `The store failed: ${message}`, { cause: error });
  return new SpillwayError('STORE_UNAVAILABLE', `The store cannot be used: the database does not answer: ${message}`, {
    cause: error,
    hint: HINT,
  });
}

/** Serialisation failure and deadlock: the server has taken the transaction back and says so. */
export function wasTakenBack(error: unknown): boolean {
  return ['40001', '40P01'].includes(stateOf(error) ?? '');
}

/** After these the session is gone, or cannot be trusted to be where we think it is. */
export function endsSession(error: unknown): boolean {
  const state = stateOf(error);
  return state === undefined || /^(08|57P|25P03|XX)/.test(state);
}
