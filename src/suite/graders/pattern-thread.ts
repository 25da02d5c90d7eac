/**
 * Runs regular expressions on one thread of their own, one at a time, each with a deadline: a thread is the only thing
 * that can be stopped in the middle of a match. It starts with the first pattern that needs it and is replaced after a
 * hang. Its code is a string, so that it is found in a bundle as well as in the sources.
 */
import { Worker } from 'node:worker_threads';
import { PATTERN_DEADLINE_MS, type PatternMatcher } from './regex.ts';

const CODE = `
const { parentPort } = require('node:worker_threads');
const patterns = new Map();
parentPort.on('message', ([source, text]) => {
  let pattern = patterns.get(source);
  if (!pattern) {
    if (patterns.size >= 1000) patterns.clear();
    patterns.set(source, (pattern = new RegExp(source)));
  }
  parentPort.postMessage(pattern.test(text));
});
parentPort.postMessage('ready');
`;

interface Match {
  pattern: string;
  text: string;
  settle: (found: boolean | 'late') => void;
}

export function makePatternThread(deadlineMs = PATTERN_DEADLINE_MS): PatternMatcher {
  const waiting: Match[] = [];
  let thread: Worker | undefined;
  let isReady = false;
  let running: Match | undefined;
  let deadline: NodeJS.Timeout | undefined;
  let isClosed = false;

  return {
    match: (pattern, text) =>
      new Promise(settle => {
        if (isClosed) return settle('late');
        waiting.push({ pattern, text, settle });
        next();
      }),
    async close() {
      isClosed = true;
      for (const match of waiting.splice(0)) match.settle('late');
      await replace('late');
    },
  };

  function next(): void {
    if (running || waiting.length === 0) return;
    if (!thread) start();
    if (!isReady) return;
    running = waiting.shift()!;
    thread!.postMessage([running.pattern, running.text]);
    // The start of the thread does not count, nor does the wait in the queue.
    if (deadline) deadline.refresh();
    else deadline = setTimeout(expire, deadlineMs);
  }

  function start(): void {
    const started = new Worker(CODE, { eval: true, stdin: false, env: {}, execArgv: [] });
    thread = started;
    isReady = false;
    started.on('message', (message: boolean | 'ready') => {
      if (started !== thread) return;
      if (message === 'ready') isReady = true;
      else finish(message);
      next();
    });
    // A pattern that exhausts the engine's stack or memory ends the thread; it could not be decided either.
    started.on('error', () => {
      if (started === thread) void replace('late').then(next);
    });
  }

  function finish(found: boolean | 'late'): void {
    const match = running;
    running = undefined;
    match?.settle(found);
  }

  /** This timer stays armed while nothing runs, so it also fires after a match that was quick: then it has no meaning. */
  function expire(): void {
    deadline = undefined;
    const late = running;
    if (!late) return;
    // When this loop was busy, the answer may lie in the queue already: let it be read first.
    setImmediate(() => {
      if (running === late) void replace('late').then(next);
    });
  }

  async function replace(found: 'late'): Promise<void> {
    const stopped = thread;
    thread = undefined;
    isReady = false;
    if (deadline) clearTimeout(deadline);
    deadline = undefined;
    finish(found);
    await stopped?.terminate();
  }
}
