/**
 * Failures as RFC 9457 problem documents. The one place where an error becomes an HTTP answer: what is not one of ours
 * becomes INTERNAL without its message, because a foreign message may hold anything. Never a stack, never a secret.
 */
import { asSpillwayError, type Problem, SpillwayError } from '../errors.ts';

export const PROBLEM_JSON = 'application/problem+json';

interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  hint: string;
  errors?: Problem[];
}

/** @returns the document; for a failure that is not ours the detail is fixed, the log has the rest. */
export function problemOf(error: unknown): ProblemDocument {
  const known = error instanceof SpillwayError && error.code !== 'INTERNAL';
  const { code, status, message, hint, problems } = known
    ? error
    : asSpillwayError(new Error('Something unexpected happened while this request was served.'));
  const words = code.toLowerCase().replaceAll('_', ' ');
  return {
    type: `urn:spillway:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: words[0]!.toUpperCase() + words.slice(1),
    status,
    detail: message,
    code,
    hint,
    ...(problems.length > 0 ? { errors: problems.map(one => ({ ...one })) } : {}),
  };
}

/** The intake's queue is full. Not an error of anyone: the same batch is welcome a second later. */
export const OVERLOADED = problemOf(
  new SpillwayError('OVERLOADED', 'Too many batches of outcomes wait for the store.'),
);
