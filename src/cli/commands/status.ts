/** status: what is being released now, or how a release stands; from the server, or from the store when none runs here. */
import { systemClock } from '../../clock.ts';
import { releaseOf } from '../../controller/run.ts';
import { SpillwayError } from '../../errors.ts';
import { toWire, type WireRelease, type WireReleaseList } from '../../server/contract.ts';
import { type Client, findServer, requireServer } from '../client.ts';
import { type CommandContext, pickRelease } from '../context.ts';
import { hasEnded } from '../follow.ts';
import { openStore } from '../open-store.ts';
import { releaseView } from '../release-view.ts';

export async function status(
  name: string | undefined,
  options: { watch: boolean },
  context: CommandContext,
): Promise<number> {
  const { out, kube } = context;
  if (kube) return (await import('./kube-status.ts')).kubeStatus(name, options, kube, context);
  if (options.watch) return watch(await requireServer(context, context.actor), name, context);
  const server = await findServer(context, context.actor);
  const releases = server ? await fromServer(server, name) : await fromStore(name, context);
  if (name !== undefined && releases.length === 0)
    throw new SpillwayError('NOT_FOUND', `There is no release of an artifact ${name}.`);
  const view = releases.map(release =>
    releaseView(release, { paint: out.paint, width: out.width, nowMs: Date.now() }).join('\n'),
  );
  out.print(view.length > 0 ? view.join('\n\n') : 'No release is active.');
  // On a shared database some other replica may well be at work.
  if (!server && context.database === undefined && releases.some(release => !hasEnded(release)))
    out.note(out.paint.yellow('No server is running: these releases stand still. Go on with `spillway serve`.'));
  out.printJson({ releases });
  return 0;
}

async function fromServer(server: Client, name: string | undefined): Promise<WireRelease[]> {
  if (name?.startsWith('rel_')) return [await pickRelease(server, name)];
  if (name === undefined) return (await server.get<WireReleaseList>('/api/v1/releases?active=true')).releases;
  // An artifact without an active release is shown as it was left.
  return (await server.get<WireReleaseList>(`/api/v1/releases?artifact=${encodeURIComponent(name)}`)).releases.slice(
    0,
    1,
  );
}

async function fromStore(name: string | undefined, context: CommandContext): Promise<WireRelease[]> {
  const store = await openStore(context, { clock: systemClock, readonly: true });
  try {
    if (name?.startsWith('rel_')) {
      const stored = await store.getRelease(name);
      if (!stored) throw new SpillwayError('NOT_FOUND', `There is no release ${name}.`);
      return [toWire(releaseOf(stored))];
    }
    const query = name === undefined ? { active: true } : { artifact: name, limit: 1 };
    return (await store.listReleases(query)).releases.map(stored => toWire(releaseOf(stored)));
  } finally {
    await store.close();
  }
}

/** Draws all that is asked for until it has ended, or until Ctrl-C. */
async function watch(server: Client, name: string | undefined, { out, signal }: CommandContext): Promise<number> {
  const only = name === undefined ? undefined : await pickRelease(server, name);
  const releases = new Map<string, WireRelease>();
  const done = new AbortController();
  signal.addEventListener('abort', () => done.abort(), { once: true });
  const show = () => {
    const nowMs = Date.now();
    const views = [...releases.values()].map(release =>
      releaseView(release, { paint: out.paint, width: out.width, nowMs }),
    );
    out.draw(views.length === 0 ? ['No release is active.'] : views.flatMap(view => [...view, '']));
  };
  const take = (release: WireRelease) => {
    if (only && release.id !== only.id) return;
    releases.set(release.id, release);
    if (!out.isLive) out.print(`${release.artifact} ${release.phase} ${release.weight} %`);
    show();
    if (only && hasEnded(release)) done.abort();
  };
  const redraw = setInterval(show, 500);
  try {
    await server.events((event, data) => {
      if (event === 'release') take(data as WireRelease);
      // The stream begins with what is active: what has ended would be waited for in vain.
      if (event === 'synced' && only) void server.get<WireRelease>(`/api/v1/releases/${only.id}`).then(take, () => {});
    }, done.signal);
  } finally {
    clearInterval(redraw);
    out.settle();
  }
  out.printJson({ releases: [...releases.values()] });
  return 0;
}
