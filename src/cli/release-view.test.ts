import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { fail, inStage, NOW, pass, sampleRelease } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { toWire } from '../server/contract.ts';
import { duration, releaseView, significant } from './release-view.ts';

const paint = pc.createColors(false);
const view = (release: Release, width = 120) =>
  releaseView(toWire(release), { paint, width, nowMs: Date.parse(NOW) + 8_000 });

describe('the picture of a release', () => {
  test('marks what is done, what runs and what is to come', () => {
    const stages = inStage(1).stages.map((stage, at) => ({
      ...stage,
      ...(at < 2 ? { enteredAt: NOW } : {}),
      ...(at < 1 ? { leftAt: NOW } : {}),
    }));
    const [, bar] = view(
      inStage(1, 8_000, { stages, test: { passed: true, complete: true, why: '3 of 3', suites: [] } }),
    );
    expect(bar).toBe('  ✓ test ─ ✓ compare ─ ✓ 10 % ─ ● 25 % 8 s of 1 min ─ ○ 50 % ─ ○ 100 % ─ ○ bake');
  });

  test('says that tests failed, and why', () => {
    const text = view(
      sampleRelease({
        phase: 'failed',
        failure: '2 of 3',
        test: { passed: false, complete: true, why: '2 of 3', suites: [] },
      }),
    ).join('\n');
    expect(text).toContain('✗ test');
    expect(text.match(/2 of 3/g)).toHaveLength(1);
  });

  test('shows the clocks of a rollback and whether the SLA was kept', () => {
    const rollback = {
      trigger: 'manual' as const,
      reason: 'users complain',
      at: NOW,
      clocks: { decisionToWriteMs: 1.234, writeToAcceptedMs: 20 },
      withinSla: true,
    };
    const text = view(sampleRelease({ phase: 'rolledBack', rollback, verdict: fail })).join('\n');
    expect(text).toContain('rollback by manual: users complain');
    expect(text).toContain('decision → every resolver 1.23 ms → stored 20 ms  within the SLA');
  });

  test('is never wider than the terminal', () => {
    const wide = view(inStage(0, 0, { verdict: { ...pass, reason: 'x'.repeat(300) } }), 60);
    expect(Math.max(...wide.map(line => line.length))).toBe(60);
  });
});

test.each([
  [8_400, '8 s'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [-5, '0 s'],
  [60_000, '1 min'],
])('%i ms reads %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [0, '0'],
  [0.0276, '0.0276'],
  [128.4, '128'],
  [1.5e9, '1.5e+9'],
  [2e-7, '2.0e-7'],
])('%d reads %s', (value, text) => expect(significant(value)).toBe(text));
