/**
 * Follows one release on a server until it ends, drawing it as it goes: a live picture on a terminal, a line per change in
 * a pipe. The exit status says how it ended.
 */
import type { TestProgress } from '../controller/face.ts';
import { isActive } from '../rollout/release.ts';
import type { WireRelease } from '../server/contract.ts';
import type { Client } from './client.ts';
import { releaseView } from './release-view.ts';
import type { Terminal } from './terminal.ts';

export const hasEnded = (release: WireRelease) => !isActive(release);

/** 0 served; 1 the gate said no; 3 the tests could not all be run, or somebody ended it. */
export function exitOf(release: WireRelease): number {
  if (release.phase === 'succeeded') return 0;
  if (release.phase === 'failed' && release.test && !release.test.complete) return 3;
  return release.phase === 'rolledBack' || release.phase === 'failed' ? 1 : 3;
}

/** What a reader of a log needs beside the state: why it holds or stopped. */
function whyOf(release: WireRelease): string {
  const why = release.rollback?.reason ?? release.failure ?? (release.hold ? release.verdict?.reason : undefined);
  return why === undefined ? '' : `: ${why}`;
}

/** Resolves with the release in its end, or as it last was when the signal aborts. */
export async function follow(
  client: Client,
  first: WireRelease,
  out: Terminal,
  signal: AbortSignal,
): Promise<WireRelease> {
  const done = new AbortController();
  signal.addEventListener('abort', () => done.abort(), { once: true });
  let release = first;
  let progress: TestProgress | undefined;
  let said = '';
  const show = () => {
    const lines = releaseView(release, { paint: out.paint, width: out.width, nowMs: Date.now(), progress });
    if (out.isLive) return out.draw(lines);
    // In a pipe each change is one line, and unchanged numbers are no change.
    const line = `${release.artifact} ${release.phase} ${release.weight} %${release.hold ? `, holds: ${release.hold.reason}` : ''}`;
    if (line !== said) out.note(said === '' ? `${release.id} ${line}` : `${line}${whyOf(release)}`);
    said = line;
  };
  const look = async () => {
    release = await client.get<WireRelease>(`/api/v1/releases/${release.id}`).catch(() => release);
    if (hasEnded(release)) done.abort();
  };
  const redraw = setInterval(show, 500);
  try {
    show();
    await client.events((event, data) => {
      // A stream begins with what is active: what ended before it, or while it was cut, has to be asked for.
      if (event === 'synced') void look();
      if (event === 'progress' && (data as TestProgress).releaseId === release.id) progress = data as TestProgress;
      if (event === 'release' && (data as WireRelease).id === release.id) release = data as WireRelease;
      show();
      if (hasEnded(release)) done.abort();
    }, done.signal);
    await look(); // the release itself is the last word
    show();
  } finally {
    clearInterval(redraw);
    out.settle();
  }
  return release;
}
