/** Results that promptfoo and k6 wrote themselves: test/fixtures/compare/README.md says how. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { folder } from './compare.test-support.ts';

const { run } = folder();
const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/compare/${name}`, import.meta.url));

interface Metric {
  name: string;
  n: { baseline: number; candidate: number };
  effect: { kind: string; value: number | null };
  tests: { primary?: { test: string } };
}
const byName = (metrics: Metric[]) => Object.fromEntries(metrics.map(metric => [metric.name, metric]));

describe('promptfoo 0.123.1', () => {
  test.each(['promptfoo.json', 'promptfoo.jsonl'])('%s: two prompts of one provider are paired by case', async name => {
    const said = await run(`${fixture(name)}#0`, `${fixture(name)}#1`);
    expect(said.problems).toEqual([]);
    const metrics = byName(said.document.metrics);
    const expected = ['brevity', 'costUsd', 'exact', 'latency', 'pass', 'quality', 'tokens'];
    expect(Object.keys(metrics).sort()).toEqual(expected);
    // Two of eight answers came from the cache: they took no time, and cost nothing.
    expect(metrics.latency!.n).toEqual({ baseline: 6, candidate: 6 });
    expect(metrics.costUsd!.n).toEqual({ baseline: 6, candidate: 6 });
    expect(metrics.quality!.n).toEqual({ baseline: 8, candidate: 8 });
    // The longer answers are less brief and as right.
    expect(metrics.brevity!.effect.value).toBeLessThan(-0.3);
    expect(metrics.exact!.effect.value).toBe(0);
    expect(metrics.latency!.effect.value).toBeGreaterThan(1.5);
    expect(said.text).toContain('2 answers came from a cache; their latency is left out');
  });

  test('the answer that never came counts as an error of the second provider, and in nothing else', async () => {
    const said = await run(`${fixture('promptfoo.json')}#0`, `${fixture('promptfoo.json')}#2`);
    const { errors, pass } = byName(said.document.metrics);
    expect(errors).toMatchObject({ n: { baseline: 8, candidate: 8 }, effect: { value: 0.125 } });
    expect(pass!.n).toEqual({ baseline: 7, candidate: 7 });
    expect(pass!.effect.value).toBeCloseTo(2 / 7, 6);
    expect(said.text).toContain('1 results without an answer count in `errors` and in nothing else');
  });

  test('whole files are paired by case and column', async () => {
    const said = await run(fixture('promptfoo.json'), fixture('promptfoo.jsonl'));
    expect(said).toMatchObject({ exit: 0, document: { verdict: 'pass' } });
    expect(byName(said.document.metrics)).toMatchObject({
      errors: { n: { baseline: 32 } },
      pass: { n: { baseline: 30 } },
    });
  });

  test('a column that the table does not have is named', async () => {
    const said = await run(`${fixture('promptfoo.json')}#0`, `${fixture('promptfoo.json')}#4`);
    expect(said.exit).toBe(2);
    expect(said.problems.join()).toContain('has no prompt 4; the first is #0');
  });
});

describe('k6 1.8.1', () => {
  test.each([
    ['--summary-export', 'k6-export-baseline.json', 'k6-export-candidate.json'],
    ['handleSummary', 'k6-handle-baseline.json', 'k6-handle-candidate.json'],
    ['other trend statistics in µs', 'k6-handle-baseline.json', 'k6-handle-in-us-candidate.json'],
    ['--new-machine-readable-summary', 'k6-new-export-baseline.json', 'k6-new-export-candidate.json'],
    ['the old and the new summary', 'k6-export-baseline.json', 'k6-new-export-candidate.json'],
  ])('%s: rates are tested, trends are named as what cannot be', async (_name, baseline, candidate) => {
    const said = await run(fixture(baseline), fixture(candidate));
    expect(said.problems).toEqual([]);
    const metrics = byName(said.document.metrics);
    expect(Object.keys(metrics).sort()).toEqual(['checks', 'http_req_duration', 'http_req_failed']);
    expect(metrics).toMatchObject({
      http_req_failed: { n: { baseline: 60, candidate: 60 }, tests: { primary: { test: 'fisherExact' } } },
      checks: { n: { baseline: 120, candidate: 120 } },
      http_req_duration: { n: { baseline: 0, candidate: 0 }, effect: { value: null } },
    });
    expect(metrics.http_req_failed!.effect.value).toBeCloseTo(0.1, 1);
    expect(metrics.checks!.effect.value).toBeLessThan(0);
    expect(said.text).toContain('a k6 summary holds percentiles, which are not samples');
    expect(said.text).toMatch(/http_req_duration: med 1\d\.\d+.*for reading, not compared/);
    expect(said).toMatchObject({ exit: 0, document: { verdict: 'inconclusive' } });
  });

  test('a rate of the script and a trend are read where they are named', async () => {
    const options = {
      metric: ['refused', 'first_word'],
      direction: ['refused=lowerIsBetter', 'first_word=lowerIsBetter'],
    };
    for (const kind of ['handle', 'new-export']) {
      const said = await run(fixture(`k6-${kind}-baseline.json`), fixture(`k6-${kind}-candidate.json`), options);
      expect(said.problems).toEqual([]);
      expect(byName(said.document.metrics)).toMatchObject({
        refused: { n: { candidate: 60 } },
        first_word: { n: { candidate: 0 } },
      });
    }
  });

  test('--out json: each request is a sample, in ms', async () => {
    const said = await run(fixture('k6-points-baseline.json'), fixture('k6-points-candidate.json'));
    expect(said).toMatchObject({
      exit: 1,
      document: { why: expect.stringMatching(/^http_req_duration: candidate 1\.\d+ ×/) },
    });
    expect(byName(said.document.metrics)).toMatchObject({
      http_req_duration: { n: { baseline: 20, candidate: 20 } },
      http_req_failed: { n: { baseline: 20, candidate: 20 } },
      checks: { n: { baseline: 40, candidate: 40 } },
    });
    expect(said.text).toMatch(/http_req_duration +20 v 20 +\d\.\d+ ms +1\d(\.\d+)? ms/);
  });

  test('--out json against samples in µs: the units are brought together', async () => {
    const { file } = folder();
    const values = Array.from({ length: 40 }, (_, i) => 12_000 + 100 * i);
    const micros = file('micros.json', { metrics: { http_req_duration: { unit: 'us', values } } });
    const said = await run(fixture('k6-points-baseline.json'), micros, { metric: ['http_req_duration'] });
    expect(said.problems).toEqual([]);
    expect(said.document.metrics[0].effect.value).toBeGreaterThan(1.5);
    expect(said.document.metrics[0].effect.value).toBeLessThan(3);
  });
});
