/** What the demo found, as the document of `demo --json` and as a summary for people. Counts what was seen; decides nothing. */
import type { WireRelease } from '../../server/contract.ts';
import { duration, phaseWord } from '../release-view.ts';
import type { Terminal } from '../terminal.ts';
import type { Seen } from './load.ts';
import type { DemoVersion } from './versions.ts';

export interface DemoRelease {
  label: string;
  version: string;
  outcome: 'succeeded' | 'rolledBack' | 'failed';
  stages: { weight: number; enteredAt: string }[];
  rollback?: {
    trigger: string;
    /** From the first wrong or slow answer of the candidate to the decision. */
    detectMs: number;
    /** From the decision until every connected app resolves the baseline. */
    decisionToRestoredMs: number;
    candidateAnswersAfterRestored: number;
    exposedUsers: number;
  };
}

export interface DemoDocument {
  releases: DemoRelease[];
  audit: { events: number; verified: boolean };
}

/** An answer slower than this is slow to anyone: twice what the baseline's slowest twentieth takes. */
export function slowLimitMs(seen: readonly Seen[], baseline: string): number {
  const latencies = seen.filter(({ version }) => version === baseline).map(({ latencyMs }) => latencyMs);
  latencies.sort((a, b) => a - b);
  return 2 * (latencies[Math.floor(latencies.length * 0.95)] ?? Number.POSITIVE_INFINITY);
}

export function demoRelease(
  version: DemoVersion,
  release: WireRelease,
  seen: readonly Seen[],
  restoredAtMs: number | undefined,
): DemoRelease {
  const stages = release.stages.flatMap(({ weight, enteredAt }) => (enteredAt ? [{ weight, enteredAt }] : []));
  const outcome = release.phase as DemoRelease['outcome'];
  const base = { label: version.label, version: release.version, outcome, stages };
  if (!release.rollback) return base;
  const answers = seen.filter(answer => answer.version === release.version);
  const decidedAtMs = Date.parse(release.rollback.at);
  const slowMs = slowLimitMs(seen, release.baseline ?? '');
  const bad = answers
    .filter(answer => !answer.isRight || answer.latencyMs > slowMs)
    .map(({ startedAtMs, latencyMs }) => startedAtMs + latencyMs);
  const firstBadMs = Math.min(decidedAtMs, ...bad);
  return {
    ...base,
    rollback: {
      trigger: release.rollback.trigger,
      detectMs: Math.round(decidedAtMs - firstBadMs),
      decisionToRestoredMs: Math.max(0, Math.round((restoredAtMs ?? Number.NaN) - decidedAtMs)),
      // An answer that began before belongs to a chat that was under way: only new chats count.
      candidateAnswersAfterRestored: answers.filter(({ startedAtMs }) => startedAtMs > (restoredAtMs ?? 0)).length,
      exposedUsers: new Set(answers.map(({ user }) => user)).size,
    },
  };
}

export function summary(
  document: DemoDocument,
  versions: readonly DemoVersion[],
  releases: readonly WireRelease[],
  out: Terminal,
): string {
  const { paint } = out;
  const lines = ['', paint.bold('What happened')];
  for (const [at, { label, stages, rollback }] of document.releases.entries()) {
    const release = releases[at]!;
    const about = versions.find(version => version.label === label)!.about;
    lines.push('', `  ${paint.bold(`version ${label}`)}  ${phaseWord(release.phase, paint)}   ${paint.dim(about)}`);
    lines.push(
      `    ${story(
        release,
        stages.map(({ weight }) => weight),
      )}`,
    );
    if (rollback) {
      lines.push(
        `    noticed ${duration(rollback.detectMs)} after its first wrong or slow answer; every app was back on version 2 ${rollback.decisionToRestoredMs} ms after the decision`,
      );
      lines.push(
        `    ${rollback.exposedUsers} users had met it; ${rollback.candidateAnswersAfterRestored} new chats met it after that`,
      );
    }
  }
  const { events, verified } = document.audit;
  lines.push(
    '',
    `  ${paint.bold('audit')}      ${events} decisions on record, each with its evidence; the chain ${verified ? paint.green('verifies') : paint.red('does not verify')}`,
  );
  lines.push(
    '',
    paint.dim(
      '  The model was simulated. The server, the tests, the statistics, the app and the rollback were the real thing.',
    ),
  );
  return lines.join('\n');
}

function story(release: WireRelease, weights: number[]): string {
  const reason = release.rollback?.reason ?? release.failure;
  if (weights.length === 0) return `nobody ever met it: ${reason ?? release.test?.why ?? ''}`;
  const path = `${weights.join(' → ')} %`;
  if (!reason) return `${path}, baked, and serves everyone now`;
  return `stopped at ${path}: ${reason}`;
}
