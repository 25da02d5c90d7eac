import { describe, expect, test } from 'vitest';
import type { Verdict } from '../analysis/verdict.ts';
import type { Release } from '../rollout/release.ts';
import { releaseForTests, testServer } from './server.test-support.ts';

const verdict: Verdict = {
  kind: 'pass',
  reason: 'no harm seen',
  consensus: { p: 0.4, score: 0.6 },
  metrics: [
    {
      name: 'latency',
      n: { baseline: 90, candidate: 10 },
      effect: { kind: 'ratio', value: 1.02, interval: [0.9, 1.1] },
      severity: 'none',
      e: 1.5,
      why: '',
    },
  ],
};

async function observed(...releases: Release[]) {
  const { controller, call } = await testServer();
  for (const release of releases) controller.emit({ type: 'release', release });
  return (await call('GET', '/metrics')).text;
}

describe('/metrics', () => {
  test('shows an active release by artifact and metric', async () => {
    const text = await observed(releaseForTests('r', { weight: 25, stageIndex: 1, verdict }));
    for (const line of [
      'release_weight{artifact="support-bot"} 25',
      'release_stage{artifact="support-bot"} 1',
      'regression_e_value{artifact="support-bot",metric="latency"} 1.5',
      'regression_effect{artifact="support-bot",metric="latency"} 1.02',
      'regression_consensus_score{artifact="support-bot"} 0.6',
      'pipeline_queue_length 3',
    ])
      expect(text.split('\n')).toContain(line);
  });

  test('drops the series of a release that ended, and counts its end once', async () => {
    const ended = releaseForTests('r', {
      phase: 'rolledBack',
      verdict,
      weight: 0,
      updatedAt: '2026-01-01T00:02:00.000Z',
      rollback: {
        trigger: 'performance',
        reason: 'slow',
        at: '2026-01-01T00:01:59.000Z',
        clocks: { decisionToWriteMs: 4 },
      },
    });
    const text = await observed(releaseForTests('r', { verdict }), ended, ended);
    expect(text).not.toMatch(/(release_weight|regression_\w+)\{artifact="support-bot"/);
    const lines = text.split('\n');
    expect(lines).toContain('pipeline_runs_total{outcome="rolledBack"} 1');
    expect(lines).toContain('rollbacks_total{trigger="performance"} 1');
    expect(lines).toContain('pipeline_duration_seconds_sum 120');
    expect(lines).toContain('rollback_duration_seconds_count{clock="decisionToWrite"} 1');
    expect(lines).toContain('rollback_duration_seconds_bucket{le="0.005",clock="decisionToWrite"} 1');
  });

  test('counts requests by the pattern of their route, never by id or unknown path', async () => {
    const { call, controller } = await testServer();
    controller.list.push(releaseForTests('release-1'));
    for (const path of ['/api/v1/releases/release-1', '/api/v1/releases/other', '/x/1', '/x/2'])
      await call('GET', path);
    await call('POST', '/ofrep/v1/evaluate/flags/k', {});
    const lines = (await call('GET', '/metrics')).text.split('\n');
    expect(lines).toContain('http_requests_total{route="/api/v1/releases/:id",status="200"} 1');
    expect(lines).toContain('http_requests_total{route="/api/v1/releases/:id",status="404"} 1');
    expect(lines).toContain('http_requests_total{route="unmatched",status="404"} 2');
    expect(lines).toContain('http_requests_total{route="/ofrep/v1/evaluate/flags/:key",status="404"} 1');
    expect(lines.join('\n')).not.toContain('release-1');
  });
});
