/** `spillway compare` on real files in a temporary folder, inside the test's own process: what it prints and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { afterAll } from 'vitest';
import { asSpillwayError, formatProblem } from '../../errors.ts';
import { seededRandom } from '../../stats/index.ts';
import { compare } from '../commands/compare.ts';
import type { Terminal } from '../terminal.ts';
import type { CompareOptions } from './flags.ts';

export interface Said {
  exit: number;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a document as its reader meets it
  document: any;
  /** Of an error: its message and every problem. */
  problems: string[];
}

/** Files of this test file, removed at its end. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), 'spillway-compare-'));
  afterAll(() => rmSync(path, { recursive: true }));
  const at = (name: string) => join(path, name);
  /** Writes a file; what is no text is written as JSON. */
  const file = (name: string, content: unknown): string => {
    writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
    return at(name);
  };
  /** Paths of the folder are left out of what was said. */
  const run = async (
    baseline: string,
    candidate: string,
    options: CompareOptions = {},
    signal = new AbortController().signal,
  ): Promise<Said> => {
    const said: Said = { exit: -1, text: '', document: undefined, problems: [] };
    try {
      said.exit = await compare([baseline, candidate], options, { out: recorder(said), signal });
    } catch (error) {
      const failure = asSpillwayError(error);
      said.exit = failure.exit;
      said.problems = [failure.message, ...failure.problems.map(formatProblem)].map(plain);
    }
    said.text = plain(said.text);
    return said;
  };
  const plain = (text: string) => text.replaceAll(`${path}/`, '');
  return { at, file, run, plain };
}

function recorder(said: Said): Terminal {
  const ignore = () => {};
  return {
    json: true,
    quiet: false,
    color: false,
    isLive: false,
    width: 120,
    paint: pc.createColors(false),
    print: text => {
      said.text += text;
    },
    printJson: document => {
      said.document = JSON.parse(JSON.stringify(document));
    },
    note: ignore,
    draw: ignore,
    settle: ignore,
  };
}

/** Latencies in ms around 200, two decimals. */
export function latencies(n: number, seed: number, factor = 1): number[] {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: n }, () => Number((200 * factor * Math.exp(0.3 * normal())).toFixed(2)));
}

export function samples(values: readonly unknown[], more: object = {}) {
  return { metrics: { latency: { unit: 'ms', direction: 'lowerIsBetter', values, ...more } } };
}
