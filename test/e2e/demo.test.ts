/** The demo as a newcomer runs it, held to what it promises: one version is promoted, one is taken back, one meets nobody. */
import { afterEach, expect, test } from 'vitest';
import type { DemoDocument, DemoRelease } from '../../src/cli/demo/report.ts';
import { openRoom } from '../support/room.ts';
import { documentOf, expectNoTrace, run } from '../support/spillway.ts';

const room = openRoom();
afterEach(() => room.end());

test('the demo shows a promotion, a rollback and a refusal within 90 s, and its audit verifies', async () => {
  const ended = await run(room, ['demo', '--json'], { cwd: room.folder(), limitMs: 90_000 });
  const { releases, audit } = documentOf(ended) as DemoDocument;
  const of = (label: string) => releases.find(release => release.label === label) as DemoRelease;

  expect(releases.map(({ label, outcome }) => [label, outcome])).toEqual([
    ['2', 'succeeded'],
    ['3', 'rolledBack'],
    ['4', 'failed'],
  ]);
  expect(of('2').stages.map(({ weight }) => weight)).toEqual([10, 25, 50, 100]);
  expect(of('4').stages).toEqual([]);
  const { rollback } = of('3');
  expect(rollback).toMatchObject({ trigger: 'performance', candidateAnswersAfterRestored: 0 });
  expect(rollback!.decisionToRestoredMs).toBeLessThan(500);
  expect(rollback!.exposedUsers).toBeGreaterThan(0);
  expect(audit).toMatchObject({ verified: true });
  expect(audit.events).toBeGreaterThan(20);
  expect(ended, ended.stderr).toMatchObject({ exit: 0 });
  expectNoTrace(ended);
});
