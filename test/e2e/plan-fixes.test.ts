/** What a warning of `spillway plan` says would do, does: simulated again, with another seed and many runs. */
import { describe, expect, test } from 'vitest';
import { LATENCY, pipeline, run } from '../../src/cli/plan/plan.test-support.ts';

describe('warnings', () => {
  test('of a stage that is too thin: with a time-out and a weight that do', async () => {
    const stages = (weight: string, timeout: string) =>
      pipeline(
        LATENCY,
        `rollout: { stages: [{ weight: ${weight} }, { weight: 100 }], stage: { timeout: ${timeout} } }`,
      );
    const { document, text } = await run(stages('10', '5m'), { rate: '2/s' });
    expect(document.warnings).toMatchObject([{ code: 'thinStage', stage: '10 %' }]);
    const [, weight, timeout] = /raise the weight to (\d+) or the timeout to (\w+)/.exec(document.warnings[0].fix)!;
    expect(Number(weight)).toBeGreaterThan(10);
    expect(text.replace(/\s+/g, ' ')).toContain(`raise the weight to ${weight} or the timeout to ${timeout}`);
    for (const better of [stages(weight!, '5m'), stages('10', timeout!)])
      expect((await run(better, { rate: '2/s', seed: 9, runs: 1200 })).document.warnings).toEqual([]);
  });

  test('of an effect that was asked for and gets through, with holds that find it; --strict ends with 1', async () => {
    const file = pipeline(LATENCY, 'rollout: { stages: [{ weight: 20 }, { weight: 100 }], stage: { timeout: 1h } }');
    const { document, exit } = await run(file, { rate: '5/s', effect: ['latency=25%'], strict: true });
    expect(exit).toBe(1);
    expect(document.warnings[0].message).toMatch(
      /^latency \+25 % is taken back before everyone has it in \d+ % of releases only$/,
    );
    const [, hold] = /^hold [\d.]+ times as long: (\w+)$/.exec(document.warnings[0].fix)!;
    const longer = pipeline(
      LATENCY,
      `rollout: { stages: [{ weight: 20 }, { weight: 100 }], stage: { hold: ${hold}, timeout: 1h } }`,
    );
    const found = await run(longer, { rate: '5/s', effect: ['latency=25%'], strict: true, seed: 9, runs: 1200 });
    expect(found.document.metrics[1].rollout.taken).toBeGreaterThan(0.92);
  });
});
