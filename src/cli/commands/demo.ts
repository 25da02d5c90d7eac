/**
 * demo: four versions of a prompt go through the whole of Spillway, in about a minute. One is promoted, one is caught by
 * live statistics and rolled back, one never meets a user. Everything but the model is the product.
 */
import type { SupportBot } from '../../../examples/support-bot/app.ts';
import type { TestProgress } from '../../controller/face.ts';
import { SpillwayError } from '../../errors.ts';
import type { WireRelease } from '../../server/contract.ts';
import { verifyChains } from '../../store/audit-chain.ts';
import type { AuditEvent } from '../../store/store.ts';
import type { Client } from '../client.ts';
import type { CommandContext } from '../context.ts';
import type { Load } from '../demo/load.ts';
import { type DemoDocument, type DemoRelease, demoRelease, summary } from '../demo/report.ts';
import { openSession } from '../demo/session.ts';
import { type DemoVersion, documentsOf, VERSIONS } from '../demo/versions.ts';
import { hasEnded } from '../follow.ts';
import { releaseView } from '../release-view.ts';
import type { Terminal } from '../terminal.ts';

/** What each version is bound to come to; anything else is exit 1. */
const EXPECTED: Record<string, DemoRelease['outcome']> = { '2': 'succeeded', '3': 'rolledBack', '4': 'failed' };

interface Stage {
  server: Client;
  apps: SupportBot[];
  load: Load;
  out: Terminal;
  signal: AbortSignal;
}

export async function demo({ out, signal, actor }: CommandContext): Promise<number> {
  out.note(
    out.paint.dim('Starting a server with an empty data folder, a simulated model, two example apps and their users …'),
  );
  const session = await openSession(actor);
  try {
    const { server } = session;
    const [first, ...others] = VERSIONS;
    const serving = await untilEnded(server, await begin(server, first!), signal);
    if (serving.phase !== 'succeeded')
      throw new SpillwayError('INTERNAL', `Version 1 does not serve: ${serving.failure ?? serving.phase}`);
    const stage = { server, ...(await session.startApps()), out, signal };
    const releases: WireRelease[] = [];
    const found: DemoRelease[] = [];
    for (const version of others) {
      const { release, restoredAtMs } = await show(version, stage);
      releases.push(release);
      found.push(demoRelease(version, release, stage.load.seen, restoredAtMs));
    }
    const { events } = await server.get<{ events: AuditEvent[] }>('/api/v1/audit');
    const document: DemoDocument = {
      releases: found,
      audit: { events: events.length, verified: verifyChains(events).every(({ check }) => check.ok) },
    };
    out.print(summary(document, VERSIONS, releases, out));
    out.printJson(document);
    return found.every(({ label, outcome }) => EXPECTED[label] === outcome) && document.audit.verified ? 0 : 1;
  } finally {
    await session.close();
  }
}

async function begin(server: Client, version: DemoVersion): Promise<WireRelease> {
  const { 'pipeline.yaml': document, ...files } = documentsOf(version);
  await server.put('/api/v1/pipelines/support-bot', { document, files });
  return server.post<WireRelease>('/api/v1/releases', { pipeline: 'support-bot' });
}

async function untilEnded(server: Client, first: WireRelease, signal: AbortSignal): Promise<WireRelease> {
  let release = first;
  while (!hasEnded(release)) {
    if (signal.aborted)
      throw new SpillwayError('INTERRUPTED', 'The demo was interrupted.', {
        hint: 'Nothing is left behind; start it again.',
      });
    await new Promise(resolve => setTimeout(resolve, 50));
    release = await server.get<WireRelease>(`/api/v1/releases/${release.id}`);
  }
  return release;
}

/** Draws one release until it has ended and, after a rollback, until every app resolves the baseline. */
async function show(
  version: DemoVersion,
  { server, apps, load, out, signal }: Stage,
): Promise<{ release: WireRelease; restoredAtMs?: number }> {
  out.note(`\n${out.paint.bold(`Version ${version.label}`)} ${out.paint.dim(`· ${version.about}`)}`);
  let release = await begin(server, version);
  let progress: TestProgress | undefined;
  const done = new AbortController();
  signal.addEventListener('abort', () => done.abort(), { once: true });
  const watch = watchRestored(apps, () => release, done.signal);
  let said = '';
  const draw = () => {
    out.draw([
      ...releaseView(release, { paint: out.paint, width: out.width, nowMs: Date.now(), progress }),
      trafficLine(load, release, out),
    ]);
    const line = `  version ${version.label}: ${release.phase} ${release.weight} %`;
    if (!out.isLive && line !== said) out.note(line);
    said = line;
  };
  const redraw = setInterval(draw, 200);
  const following = server.events((event, data) => {
    if (event === 'progress' && (data as TestProgress).releaseId === release.id) progress = data as TestProgress;
    if (event === 'release' && (data as WireRelease).id === release.id) release = data as WireRelease;
  }, done.signal);
  try {
    release = await untilEnded(server, release, signal);
    const restoredAtMs = release.phase === 'rolledBack' ? await watch.restored : undefined;
    // New chats go on for a moment, so that the report can say who met the candidate afterwards.
    if (restoredAtMs !== undefined) await new Promise(resolve => setTimeout(resolve, 1_000));
    draw();
    return { release, ...(restoredAtMs === undefined ? {} : { restoredAtMs }) };
  } finally {
    clearInterval(redraw);
    done.abort();
    watch.stop();
    await following.catch(() => undefined);
    out.settle();
  }
}

/** When the last app stopped resolving the candidate: asked of each SDK in every turn of the event loop, as the app itself would. */
function watchRestored(
  apps: SupportBot[],
  release: () => WireRelease,
  signal: AbortSignal,
): { restored: Promise<number>; stop: () => void } {
  const units = Array.from({ length: 200 }, (_, at) => `user-${at}`);
  const isExposed = (app: SupportBot) =>
    units.some(unit => app.prompts.prompt('support-bot', { unit }).version === release().version);
  let met = false;
  let isOver = false;
  const restored = new Promise<number>(resolve => {
    const look = () => {
      if (isOver || signal.aborted) return;
      const exposed = apps.some(isExposed);
      if (met && !exposed) resolve(Date.now());
      met = exposed;
      setTimeout(look, exposed ? 1 : 10);
    };
    look();
  });
  return {
    restored,
    stop: () => {
      isOver = true;
    },
  };
}

function trafficLine(load: Load, release: WireRelease, { paint }: Terminal): string {
  const since = Date.now() - 2_000;
  const recent = load.seen.slice(-1_500).filter(({ startedAtMs }) => startedAtMs >= since);
  const candidate = recent.filter(({ version }) => version === release.version);
  const of = (answers: typeof recent) => {
    if (answers.length === 0) return 'nobody';
    const sorted = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
    const right = answers.filter(({ isRight }) => isRight).length / answers.length;
    return `${Math.round(sorted[Math.floor(sorted.length / 2)]!)} ms, ${Math.round(right * 100)} % right`;
  };
  const share = recent.length === 0 ? 0 : (100 * candidate.length) / recent.length;
  const baseline = recent.filter(({ version }) => version !== release.version);
  return paint.dim(
    `  users    ${Math.round(recent.length / 2)} chats/s, ${share.toFixed(0)} % meet the candidate: ${of(candidate)}; the others: ${of(baseline)}`,
  );
}
