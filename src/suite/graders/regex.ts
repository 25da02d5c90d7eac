/**
 * The pattern is found somewhere in the answer. Patterns come from documents, and a backtracking engine can be made to
 * take for ever, so all but the provably cheap ones run on a thread that can be stopped.
 */
import type { Json } from '../../config/plan.ts';
import type { Finding } from './finding.ts';
import { quote, textOf } from './text.ts';

export const PATTERN_DEADLINE_MS = 250;

export interface PatternMatcher {
  /** Whether the pattern is found, or `late` when it took longer than the deadline. The pattern must be valid. */
  match(pattern: string, text: string): Promise<boolean | 'late'>;
  close(): Promise<void>;
}

/** Up to this length one quantifier's square of steps is cheap: 2,000² ÷ 2 steps are a few milliseconds. */
const INLINE_TEXT_MAX = 2_000;
/** For patterns that repeat nothing: text × pattern steps at most. */
const INLINE_PLAIN_TEXT_MAX = 20_000;
const INLINE_PATTERN_MAX = 500;
const patterns = new Map<string, RegExp | string>();

export function matchesPattern(output: string, value: Json, matcher: PatternMatcher): Finding | Promise<Finding> {
  const source = textOf(value);
  const pattern = patternOf(source);
  if (typeof pattern === 'string') return { decided: false, reason: pattern };
  if (isCheap(source, output)) return findingOf(pattern.test(output), source);
  return matcher.match(source, output).then(found => {
    if (found !== 'late') return findingOf(found, source);
    return { decided: false, reason: `${quote(source)} took longer than ${PATTERN_DEADLINE_MS} ms` };
  });
}

/**
 * True where backtracking cannot hurt: no groups, back references or alternatives, and at most one quantifier. What is
 * left tries each place once, or one run a place. Exported for its test.
 */
export function isCheap(source: string, text: string): boolean {
  if (source.length > INLINE_PATTERN_MAX) return false;
  if (/\\[1-9k]/.test(source)) return false;
  if (text.length > INLINE_PLAIN_TEXT_MAX) return false;
  const plain = source.replace(/\\./gs, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/[()|]/.test(plain)) return false;
  if (!/[*+?{]/.test(plain)) return true;
  const open = plain.replace(/\{\d{1,2}\}/g, '').match(/[*+?{]/g) ?? [];
  return open.length <= 1 && text.length <= INLINE_TEXT_MAX;
}

function findingOf(holds: boolean, source: string): Finding {
  return { decided: true, holds, reason: `${holds ? 'matches' : 'does not match'} ${quote(source)}` };
}

/** The compiled pattern, or why it is none. */
function patternOf(source: string): RegExp | string {
  const known = patterns.get(source);
  if (known !== undefined) return known;
  let made: RegExp | string;
  try {
    made = new RegExp(source);
  } catch (error) {
    made = (error as Error).message;
  }
  if (patterns.size >= 1_000) patterns.clear();
  patterns.set(source, made);
  return made;
}
