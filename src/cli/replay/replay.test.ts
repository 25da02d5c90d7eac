import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { afterAll, describe, expect, test } from 'vitest';
import type { LiveOutcome } from '../../analysis/live-outcome.ts';
import { simulatedTraffic } from '../../analysis/simulated-traffic.test-support.ts';
import { asSpillwayError, formatProblem } from '../../errors.ts';
import { seededRandom } from '../../stats/index.ts';
import { type ReplayCommandOptions, replay } from '../commands/replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));
const START = Date.parse('2026-01-31T12:00:00Z');
let files = 0;

function written(text: string, name = `${++files}.jsonl`): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Rows of users who come back; `change` is done to those of the candidate. */
function recorded(count: number, change?: (outcome: LiveOutcome) => void, weight: (i: number) => number = () => 50) {
  const traffic = simulatedTraffic(seededRandom(3), {
    users: 20_000,
    zipf: 0.5,
    sigmaUser: 0.2,
    sigma: 0.5,
    errorRate: 0.01,
    requestsPerSecond: 20,
  });
  return Array.from({ length: count }, (_, i) => {
    const { arm, unitHash, atMs, latencyMs, error, quality } = traffic.next(weight(i), change);
    return { at: new Date(START + atMs).toISOString(), arm, unit: `user-${unitHash}`, latencyMs, error, quality };
  });
}
const lines = (rows: readonly object[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('');
const slower = (outcome: LiveOutcome) => {
  outcome.latencyMs! *= 1.5;
};

async function run(file: string, options: ReplayCommandOptions = {}, signal = new AbortController().signal) {
  const said = { exit: -1, text: '', document: undefined as unknown as Document, problems: [] as string[] };
  const ignore = () => {};
  const out = {
    json: true,
    quiet: false,
    color: false,
    isLive: false,
    width: 100,
    paint: pc.createColors(false),
    print(text: string) {
      said.text = text;
    },
    printJson(document: unknown) {
      said.document = document as Document;
    },
    note: ignore,
    draw: ignore,
    settle: ignore,
  };
  try {
    said.exit = await replay(file, options, { out, signal });
  } catch (error) {
    const failure = asSpillwayError(error);
    said.exit = failure.exit;
    said.problems = [failure.message, ...failure.problems.map(formatProblem)].map(text =>
      text.replaceAll(`${folder}/`, ''),
    );
  }
  return said;
}

interface Document {
  schema: string;
  samples: { baseline: number; candidate: number };
  split: { measured: boolean; steps: { weight: number; from: string }[] };
  decision: { at: string; afterMs: number; sample: number; candidateSamples: number; metric: string } | null;
  verdict: { kind: string; code?: string; metrics: { name: string; e?: number; effect: { value: number } }[] };
  evidence: { metrics: { name: string; alarmAt: number }[]; points: { samples: number; at: string; e: number[] }[] };
  shuffled: { runs: number; alarms: number; rate: number; interval: [number, number] } | null;
  notes: string[];
}

describe('a candidate half as slow again', () => {
  const rows = recorded(4000, slower);
  const file = written(lines(rows));

  test('is decided on at the very sample that raised the alarm, and the rest is not read', async () => {
    const { exit, document, text } = await run(file, { weight: ['50'] });
    expect(exit).toBe(1);
    expect(document.schema).toBe('spillway.replay/v1');
    const { decision } = document;
    expect(decision).toMatchObject({ metric: 'latency', trigger: 'performance' });
    const { sample, at, afterMs, candidateSamples } = decision!;
    expect(at).toBe(rows[sample - 1]!.at);
    expect(afterMs).toBe(Date.parse(at) - Date.parse(rows[0]!.at));
    expect(candidateSamples).toBe(rows.slice(0, sample).filter(({ arm }) => arm === 'candidate').length);
    expect(document.samples.baseline + document.samples.candidate).toBe(sample);
    expect(text).toContain(`rolled back  ${at}`);

    // One sample less, and there is no decision.
    const shorter = await run(written(lines(rows.slice(0, sample - 1))), { weight: ['50'] });
    expect(shorter.exit).toBe(0);
    expect(shorter.document.decision).toBeNull();
  });

  test('is drawn: the bars of latency end in the alarm, those of quality stay at the bottom', async () => {
    const { text, document } = await run(file, { weight: ['50'] });
    const bars = (name: string) => new RegExp(`^ {2}${name} +([▁-█]+) `, 'm').exec(text)?.[1] ?? '';
    expect(bars('latency').at(-1)).toBe('█');
    expect(bars('latency').slice(0, -1)).not.toContain('█');
    expect(bars('quality')).toMatch(/^[▁▂]+$/);
    const { metrics, points } = document.evidence;
    expect(metrics).toEqual([
      { name: 'errors', alarmAt: expect.closeTo(60, 9) },
      { name: 'latency', alarmAt: expect.closeTo(60, 9) },
      { name: 'quality', alarmAt: expect.closeTo(60, 9) },
    ]);
    expect(points.at(-1)!.e[1]).toBeGreaterThanOrEqual(60);
    expect(points.at(-2)!.e[1]).toBeLessThan(60);
  });

  test('without --weight the split is measured, and a note says so', async () => {
    const { document } = await run(file);
    expect(document.split.measured).toBe(true);
    expect(document.split.steps[0]!.weight).toBeGreaterThanOrEqual(48);
    expect(document.split.steps[0]!.weight).toBeLessThanOrEqual(52);
    expect(document.notes.join()).toContain('measured at the head of the file');
  });

  test('by a pipeline that allows 60 % there is no alarm', async () => {
    const pipeline = written(
      `apiVersion: spillway.dev/v1alpha1
kind: Pipeline
metadata: { name: bot }
spec:
  target: { prompt: { file: prompt.yaml } }
  test: { suites: [suite.yaml] }
  regression: { metrics: [{ name: latency, direction: lowerIsBetter, minEffect: 60% }] }
`,
      'pipeline.yaml',
    );
    const { exit, document } = await run(file, { weight: ['50'], pipeline });
    expect(exit).toBe(0);
    expect(document.verdict.kind).toBe('pass');
    expect(document.notes.join()).toContain('in no metric of the pipeline: quality');
  });

  test('with shuffled labels no harm is left: at most alpha of the shuffles alarm, the same ones for a seed', async () => {
    const { document, text } = await run(file, { weight: ['50'], shuffleLabels: 20, seed: 5 });
    const { runs, rate, interval } = document.shuffled!;
    expect(runs).toBe(20);
    expect(rate).toBeLessThanOrEqual(0.05);
    expect(interval[0]).toBeLessThanOrEqual(rate);
    expect(interval[1]).toBeGreaterThan(rate);
    expect(text).toContain('shuffled labels');
    const again = await run(file, { weight: ['50'], shuffleLabels: 20, seed: 5 });
    expect(again.document).toEqual(document);
    // The file is read to its end for the shuffles, and decides as before.
    expect(document.samples.baseline + document.samples.candidate).toBe(4000);
    expect(document.decision!.sample).toBeLessThan(4000);
  });
});

test('ten users who make all the requests are ten units: too few for any alarm, shuffled or not', async () => {
  const random = seededRandom(11);
  const rows = Array.from({ length: 6000 }, (_, i) => {
    const unit = Math.floor(random() * 10);
    return { at: START + 50 * i, arm: unit < 5 ? 'baseline' : 'candidate', latencyMs: 100 * (1 + unit), unit };
  });
  const { document } = await run(written(lines(rows)), { weight: ['50'], shuffleLabels: 40 });
  expect(document.shuffled!.alarms).toBe(0);
  expect(document.verdict).toMatchObject({ kind: 'inconclusive', code: 'notEnoughData' });
});

test('weights by time enter the stages of the release: a unit counts again in the next one', async () => {
  const rows = recorded(3000, undefined, i => (i < 1500 ? 10 : 50));
  const changeMs = Date.parse(rows[1500]!.at) - Date.parse(rows[0]!.at);
  const { document, text } = await run(written(lines(rows)), { weight: ['10', `50@${changeMs}ms`] });
  expect(document.split).toEqual({
    measured: false,
    steps: [
      { weight: 10, from: rows[0]!.at },
      { weight: 50, from: rows[1500]!.at },
    ],
  });
  expect(document.verdict.kind).toBe('pass');
  expect(text).toContain('candidate 10 %, 50 % from');
});

test('a said split that traffic does not have is told as a routing mismatch', async () => {
  const { document } = await run(written(lines(recorded(3000))), { weight: ['10'] });
  expect(document.verdict).toMatchObject({ kind: 'inconclusive', code: 'routingMismatch' });
});

test('a file of any length is replayed with a bounded number of points, the newest among them', async () => {
  const { document } = await run(written(lines(recorded(30_000))), { weight: ['50'] });
  const { points } = document.evidence;
  expect(points.length).toBeLessThanOrEqual(241);
  expect(points.at(-1)!.samples).toBe(30_000);
});

describe('what is wrong is listed with file, line, column and field', () => {
  const good = { at: '2026-01-31T12:00:00Z', arm: 'baseline', latencyMs: 1 };
  test.each([
    ['{', "1:1: begins one document of several lines; write one object a line: jq -c '.[]'"],
    ['{"at":1,', '1:9: is not JSON: Expected double-quoted property name; one object a line'],
    ['{"at":1,"latencyMs":NaN}', '1:21: is not JSON: NaN has to stand in quotes: "NaN"; one object a line'],
    ['[]', '1:1: must be an object, one sample'],
    ['{"at":"2026-01-31T12:00:00Z","arm":"canary"}', '1:36: arm: must be "baseline" or "candidate"; found "canary"'],
    ['{"at":"yesterday","arm":"baseline"}', '1:7: at: must be an RFC 3339 time'],
    ['{"at":1767225600,"arm":"baseline"}', '1:7: at: must be milliseconds; 1767225600 looks like seconds since 1970'],
    ['{"at":1,"arm":"baseline","latencyMs":"fast"}', '1:38: latencyMs: must be a number; found "fast"'],
    ['{"at":1,"arm":"baseline","error":2}', '1:34: error: must be true, false or a message; found 2'],
    ['{"at":1,"arm":"baseline","unit":{}}', '1:33: unit: must be a text that names the unit, or absent; found {}'],
  ])('%s', async (line, problem) => {
    const { exit, problems } = await run(written(`${line}\n`, 'bad.jsonl'));
    expect(exit).toBe(2);
    expect(problems[1]).toContain(`bad.jsonl:${problem}`);
  });

  test('the baseline after the candidate: the first line that goes back in time', async () => {
    const rows = [good, { ...good, at: '2026-01-31T13:00:00Z' }, { ...good, arm: 'candidate' }];
    const { problems } = await run(written(lines(rows), 'cat.jsonl'));
    expect(problems[1]).toContain('cat.jsonl:3:7: at: lies 3600 s before a line above');
  });

  test.each([
    ['', 'holds no samples'],
    [lines([good, good]), 'holds 2 samples, none of them of the candidate'],
  ])('%j: too little to compare', async (text, problem) => {
    const { exit, problems } = await run(written(text, 'few.jsonl'));
    expect(exit).toBe(2);
    expect(problems[1]).toContain(problem);
  });

  test('a file that is wrong throughout is given up after twenty problems', async () => {
    const { problems } = await run(written('x\n'.repeat(100_000), 'wrong.jsonl'));
    expect(problems).toHaveLength(21);
  });

  test.each([['0'], ['101'], ['ten'], ['10@soon'], ['50@30m']])('--weight %s', async weight => {
    const { exit, problems } = await run(written(lines([good])), { weight: [weight] });
    expect(exit).toBe(2);
    expect(problems[0]).toContain('--weight must be');
  });

  test('no such file, and a pipeline that is none', async () => {
    expect((await run(join(folder, 'none.jsonl'))).problems[0]).toContain('Cannot read none.jsonl');
    const prompt = written(
      'apiVersion: spillway.dev/v1alpha1\nkind: Prompt\nmetadata: { name: bot }\nspec: { template: hi }\n',
      'prompt.yaml',
    );
    const { exit, problems } = await run(written(lines([good])), { pipeline: prompt });
    expect(exit).toBe(2);
    expect(problems[0]).toContain('must name a Pipeline');
  });
});

test('values that cannot be true make the verdict inconclusive, not an error', async () => {
  const rows = recorded(2000).map((row, i) => (i % 10 === 0 ? { ...row, latencyMs: -1 } : row));
  const { exit, document } = await run(written(lines(rows)), { weight: ['50'] });
  expect(exit).toBe(0);
  expect(document.verdict).toMatchObject({ kind: 'inconclusive', code: 'invalidData' });
});

test.skipIf(process.platform === 'win32')('a named pipe is refused at once: nobody may ever write to it', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const { exit, problems } = await run(pipe);
  expect(exit).toBe(2);
  expect(problems[0]).toContain('it is a named pipe; write it to a file first');
});

test('an interrupt ends the reading', async () => {
  const { exit, problems } = await run(written(lines(recorded(100))), {}, AbortSignal.abort());
  expect(exit).toBe(3);
  expect(problems[0]).toMatch(/was interrupted/);
});
