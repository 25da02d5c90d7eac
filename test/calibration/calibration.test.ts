/** The short calibration: fewer runs of the same simulations, in every CI run. Fails when a bar is broken. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/stats/random.ts';
import { drawsFrom } from './draws.ts';
import { follow, type Scenario } from './scenario.ts';
import { rowsOf } from './tables.ts';

const command = fileURLToPath(new URL('./calibrate.ts', import.meta.url));

function calibrate(...args: string[]): Promise<{ exit: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, '--short', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (part: Buffer) => {
      text += part.toString();
    });
    child.on('error', reject);
    child.on('close', exit => resolve({ exit, text }));
  });
}

test('every bar of false alarms and delays holds', async () => {
  const { exit, text } = await calibrate();
  expect(text.split('\n').filter(line => line.startsWith('BROKEN'))).toEqual([]);
  expect(Number(/^(\d+) bars held, 0 broken/m.exec(text)?.[1])).toBeGreaterThanOrEqual(25);
  expect(exit).toBe(0);
});

test('a seed gives the same figures again', async () => {
  const args = ['--only', 'gates: errors', '--seed', '7'];
  const [once, again] = [await calibrate(...args), await calibrate(...args)];
  const withoutTime = (text: string) => text.replace(/\d+ s$/m, '');
  expect(withoutTime(again.text)).toBe(withoutTime(once.text));
  expect(once.text).toContain('success < 99 %');
});

describe('the counting', () => {
  const scenario: Scenario = {
    table: 'delays',
    name: 'counted',
    methods: [{ name: 'a', mostAlarms: 0.05, median: 30, all: 60 }],
    runs: { full: 4, short: 4 },
    run: () => [],
  };

  test('names each bar that is broken, and none that is just held', () => {
    const alarms = Float64Array.from([
      10,
      Number.NaN,
      20,
      Number.NaN,
      31,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
    const [row] = rowsOf(scenario, alarms);
    expect(row).toMatchObject({ runs: 4, share: 0.75, median: 31 });
    expect(row!.broken).toBe('≤ 37.69 %, measured 0.75; median ≤ 30, measured 31; all ≤ 60, measured Infinity');
    const [held] = rowsOf({ ...scenario, methods: [{ name: 'a', median: 31 }] }, alarms);
    expect(held!.broken).toBeNull();
  });

  test('takes the first look at which a method reaches 20, and for false alarms 100 too', () => {
    const rising = [1, 5, 25, 3, 120].map(Math.log);
    let at = 0;
    const looks = [() => rising[at]!];
    const step = (look: number) => {
      at = look - 1;
    };
    expect(follow(looks, step, { looks: 5, untilFirst: false })).toEqual([[3, 5]]);
    expect(follow(looks, step, { looks: 5, perLook: 100, untilFirst: true })).toEqual([
      [300, Number.POSITIVE_INFINITY],
    ]);
  });

  test('the draws have the means that they are asked for', () => {
    const draws = drawsFrom(seededRandom(1));
    const mean = (draw: () => number) => Array.from({ length: 20_000 }, draw).reduce((sum, x) => sum + x, 0) / 20_000;
    expect(mean(() => draws.normal())).toBeCloseTo(0, 1);
    expect(mean(() => draws.beta(0.49, 48.5))).toBeCloseTo(0.01, 2);
    expect(mean(() => draws.beta(9, 1))).toBeCloseTo(0.9, 2);
    expect(mean(() => draws.binomial(100, 0.02))).toBeCloseTo(2, 1);
    expect(mean(() => draws.binomial(4, 0.9))).toBeCloseTo(3.6, 1);
  });
});
