import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Asked, folder, LATENCY, ONE_STAGE, pipeline, RUNS, run } from '../plan/plan.test-support.ts';

describe('a forecast', () => {
  const asked = run(pipeline(LATENCY), { rate: '20/s' });

  test('has a block for each metric with a row for each stage that compares, and one for the rollout', async () => {
    const { text, exit } = await asked;
    expect(exit).toBe(0);
    for (const name of ['errors', 'latency'])
      expect(text).toMatch(
        new RegExp(
          `^${name}  found with 95 %.*\n  stage .*\n  10 % .*\n  25 % .*\n  50 % .*\n  rollout .*\n  [█▓▒·]{40} `,
          'm',
        ),
      );
    expect(text).toContain('At 100 % there is no baseline to compare with');
    expect(text.replace(/\s+/g, ' ')).toContain('worse in at most 5 % of releases');
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('says what it assumes, and what was given', async () => {
    const { text } = await asked;
    expect(text).toMatch(/traffic +20 requests a second, each a new unit +\(as given\)/);
    expect(text).toMatch(/latency +spread 0\.5 .*\(assumed\)/);
  });

  test('finds smaller regressions, and sooner, where more units come', async () => {
    const { metrics } = (await asked).document;
    for (const { stages, rollout } of metrics) {
      expect(stages[0].smallest).toBeGreaterThan(stages[2].smallest);
      expect(stages[0].ms.median).toBeGreaterThan(stages[2].ms.median);
      expect(stages[0].candidateUnits.median).toBeLessThan(stages[0].candidateUnits.p95 ?? Number.POSITIVE_INFINITY);
      expect(stages[0].requests.median).toBeCloseTo((20 * stages[0].ms.median) / 1000, 6);
      const { foundIn, taken, missed, heldUp } = rollout;
      expect(foundIn.reduce((sum: number, share: number) => sum + share, 0)).toBeCloseTo(taken, 9);
      expect(taken + missed + heldUp).toBeCloseTo(1, 9);
    }
  });

  test('is one document that says how it was made, the same one for a seed', async () => {
    const { document } = await asked;
    expect(document).toMatchObject({
      schema: 'spillway.plan/v1',
      alpha: 0.05,
      power: 0.95,
      simulation: { runs: RUNS, seed: 1, capped: false },
      traffic: { perSecond: 20, users: null, from: 'flag' },
      measured: null,
      warnings: [],
    });
    const [again, other] = [
      await run(pipeline(ONE_STAGE, LATENCY), { rate: '300/min' }),
      await run(pipeline(ONE_STAGE, LATENCY), { rate: '5', seed: 2 }),
    ];
    expect((await run(pipeline(ONE_STAGE, LATENCY), { rate: '18000/h' })).document).toEqual(again.document);
    expect(other.document.metrics).not.toEqual(again.document.metrics);
  });
});

describe('what is known of metrics and traffic', () => {
  test('a wider spread hides more; users who come back are fewer units', async () => {
    const file = pipeline(ONE_STAGE, LATENCY);
    const smallest = async (options: Asked) =>
      (await run(file, { rate: '5/s', ...options })).document.metrics[1].stages[0].smallest;
    const usual = await smallest({});
    expect(await smallest({ spread: ['latency=1'] })).toBeGreaterThan(1.5 * usual);
    expect(await smallest({ spread: ['1'] })).toBe(await smallest({ spread: ['latency=1'] }));
    expect(await smallest({ users: 500 })).toBeGreaterThan(1.5 * usual);
  });

  test('an effect is looked for as it is written: a rate, a ratio, points', async () => {
    const file = pipeline(ONE_STAGE);
    const { text, document } = await run(file, {
      rate: '20/s',
      errorRate: '2%',
      quality: '0.8',
      effect: ['errors=8%', 'latency=40%', 'quality=15%'],
    });
    for (const said of ['delay of 2 → 8 % (', 'delay of +40 % (', 'delay of -15 points ('])
      expect(text).toContain(said);
    expect(document.metrics.map(({ effect }: { effect: { size: number } }) => effect.size)).toEqual([
      expect.closeTo(0.06, 9),
      0.4,
      0.15,
    ]);
  });

  test('a grader of suites is named as not measured live', async () => {
    const metrics = '[{ name: brevity, direction: higherIsBetter, minEffect: 5% }]';
    const { text, document } = await run(pipeline(ONE_STAGE, `regression: { metrics: ${metrics} }`), { rate: '20/s' });
    expect(text).toContain('Not measured live, so not forecast: brevity.');
    expect(document.unmeasurable).toEqual(['brevity']);
  });

  test('more traffic than is simulated is said to give bounds', async () => {
    const { document, text } = await run(pipeline(ONE_STAGE, LATENCY), { rate: '5000/s' });
    expect(document.simulation.capped).toBe(true);
    expect(text).toContain('More units come than are simulated');
  });
});

describe('at full weight and after it', () => {
  test('a holdback goes on comparing in the bake', async () => {
    const rollout = 'rollout: { stages: [{ weight: 20 }, { weight: 100 }], bake: { for: 5m, holdback: 10% } }';
    const { document, text } = await run(pipeline(rollout, LATENCY), { rate: '20/s' });
    expect(document.stages.map(({ name }: { name: string }) => name)).toEqual(['20 %', 'bake 90 %']);
    expect(text).toContain('In the bake 10 % stay on the baseline');
  });

  test('without the limit of the error rate only people watch', async () => {
    const rollback = 'rollback: { triggers: { errorRate: false, performance: false } }';
    const { document, text } = await run(pipeline(ONE_STAGE, LATENCY, rollback), { rate: '20/s' });
    expect(document.fullWeight).toBeNull();
    expect(text).toContain('the limit of the error rate is off');
    expect(text).toContain('triggers.performance is off');
  });

  test('a pipeline that goes to everyone at once compares nothing', async () => {
    const { document, exit } = await run(pipeline('rollout: { stages: [{ weight: 100 }] }'), { rate: '20/s' });
    expect(exit).toBe(0);
    expect(document.stages).toEqual([]);
    expect(document.metrics[0].rollout).toBeNull();
    expect(document.fullWeight.smallestErrorRise).toBeGreaterThan(0);
  });
});

describe('warnings', () => {
  test('of minSamples that cannot be reached, which may be lowered instead', async () => {
    const stage = 'rollout: { stages: [{ weight: 20 }, { weight: 100 }], stage: { minSamples: 2000 } }';
    const { document } = await run(pipeline(LATENCY, stage), { rate: '20/s' });
    expect(document.warnings).toHaveLength(1);
    expect(document.warnings[0]).toMatchObject({
      message: '20 % for 5 min gets about 1,200 candidate units: minSamples asks for 2000',
      fix: 'raise the weight to 35 or the timeout to 9m, or lower minSamples to 1130',
    });
  });

  test('of a limit that the baseline breaks', async () => {
    const { document } = await run(pipeline(ONE_STAGE, LATENCY), { rate: '20/s', errorRate: '6%' });
    expect(document.warnings[0]).toMatchObject({
      code: 'limitBelowBaseline',
      fix: 'raise errorRate.max well above 6 %',
    });
  });

  test('of an effect inside the margin, which no traffic would find', async () => {
    const { document } = await run(pipeline(ONE_STAGE, LATENCY), { rate: '20/s', effect: ['latency=4%'] });
    expect(document.warnings[0].fix).toBe("lower minEffect: by the pipeline's word a change inside 5 % is harmless");
  });

  test('of nonInferior stages that unchanged candidates do not pass', async () => {
    const stage = 'rollout: { stages: [{ weight: 20 }, { weight: 100 }], stage: { require: nonInferior } }';
    const { document, exit } = await run(pipeline(LATENCY, stage), { rate: '10/s' });
    expect(document.warnings.map(({ code }: { code: string }) => code)).toContain('unchangedHeldUp');
    expect(exit).toBe(0);
  });
});

describe('wrong use ends with 2 and says what is allowed', () => {
  const file = pipeline(LATENCY);
  const rate = '20/s';
  test.each<[Asked, string]>([
    [{}, 'Nothing is known of the traffic: no release with stages to measure it in was found.'],
    [
      { rate: 'fast' },
      '--rate must be requests above 0, such as 20/s, 600/min or 3000/h; a bare number is a second; found "fast".',
    ],
    [
      { rate: '0/s' },
      '--rate must be requests above 0, such as 20/s, 600/min or 3000/h; a bare number is a second; found "0/s".',
    ],
    [
      { rate, errorRate: '0.01' },
      '--error-rate must be a percentage from 0% to below 100%, such as 0.5%; found "0.01".',
    ],
    [{ rate, quality: '1.2' }, '--quality must be a mean from 0 to 1, such as 0.85; found "1.2".'],
    [{ rate, spread: ['brevity=1'] }, '--spread names "brevity", which is not measured live; it can be latency.'],
    [{ rate, spread: ['errors=1'] }, '--spread names "errors", which is not measured live; it can be latency.'],
    [
      { rate, spread: ['latency=0'] },
      '--spread must be above 0 and at most 5, the standard deviation of the logarithm: latency=0.8; found "latency=0".',
    ],
    [{ rate, spread: ['1', '2'] }, '--spread names all metrics twice.'],
    [
      { rate, effect: ['latency'] },
      '--effect must be metric=percentage: latency=25%, errors=5% (the rate they rise to), quality=10% (points); found "latency".',
    ],
    [
      { rate, effect: ['quality=5%'] },
      '--effect names "quality", which is not measured live; it can be errors or latency.',
    ],
    [
      { rate, effect: ['errors=1%'] },
      '--effect errors=1% is no regression: it must lie above the error rate without it and at most 100%.',
    ],
    [{ rate, effect: ['latency=5%', 'latency=6%'] }, '--effect names latency twice.'],
  ])('%j', async (options, problem) => {
    expect(await run(file, options)).toMatchObject({ exit: 2, problem, text: '' });
  });

  test('no such file, no Pipeline, and a hold that is longer than its time-out', async () => {
    expect((await run(join(folder, 'none.yaml'), { rate })).problem).toBe(
      'Cannot read none.yaml: there is no such file',
    );
    expect((await run(join(folder, 'prompt.yaml'), { rate })).problem).toBe(
      'prompt.yaml is a Prompt; plan forecasts a Pipeline.',
    );
    const long = pipeline('rollout: { stages: [{ weight: 20, hold: 10m }, { weight: 100 }] }');
    expect((await run(long, { rate })).exit).toBe(2);
  });
});

test('an interrupt ends the simulation', async () => {
  const { exit, problem } = await run(pipeline(ONE_STAGE), { rate: '5/s' }, AbortSignal.abort());
  expect(exit).toBe(3);
  expect(problem).toContain('Interrupted');
});
