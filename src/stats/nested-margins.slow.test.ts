import { expect, test } from 'vitest';
import { nestedMarginsEProcess } from './nested-margins.ts';
import { seededStream } from './stream.test-support.ts';

test('an unchanged candidate, looked at after each of 1,000 blocks, alarms in at most 5% of streams, also in common drift', () => {
  const alarmAt = Math.log(20);
  const strict = nestedMarginsEProcess({ margins: [0] });
  const streams = 400;
  const alarms = { rank: 0, p50: 0, p95: 0, p99: 0 };
  for (let seed = 0; seed < streams; seed++) {
    const stream = seededStream(seed);
    const state = strict.initial();
    const seen = new Set<keyof typeof alarms>();
    for (let i = 0; i < 1_000; i++) {
      const drift = 1 + Math.sin(i / 50) / 2;
      const latency = () => [100 * drift * stream.logNormal(0.5)];
      strict.fold(state, { baseline: latency(), candidate: latency() });
      if (strict.rankLogE(state, 0) >= alarmAt) seen.add('rank');
      for (const [q, name] of (['p50', 'p95', 'p99'] as const).entries())
        if (strict.exceedanceLogE(state, 0, q) >= alarmAt) seen.add(name);
    }
    for (const name of seen) alarms[name]++;
  }
  for (const count of Object.values(alarms)) expect(count / streams).toBeLessThan(0.05);
});
