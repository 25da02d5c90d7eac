/**
 * release: sends the documents, begins the release and waits for its end. Without a server it is the server, in its own
 * process, until the release has ended: the same parts, the same HTTP, so that `status` and `rollback` from another
 * terminal work meanwhile.
 */
import { readEnvironment } from '../../config/environment.ts';
import { loadPipelineBundle, type PipelineBundle, promptOf } from '../../config/load.ts';
import { asSpillwayError, SpillwayError } from '../../errors.ts';
import type { WireRelease } from '../../server/contract.ts';
import { type Client, client, findServer } from '../client.ts';
import type { CommandContext } from '../context.ts';
import { failedCases } from '../failed-cases.ts';
import { exitOf, follow, hasEnded } from '../follow.ts';
import { DEFAULT_PORT, type Host, openHost } from '../host.ts';
import { quietLog } from '../log.ts';
import { releaseView } from '../release-view.ts';

export interface ReleaseOptions {
  detach: boolean;
  force: boolean;
}

export async function release(pipeline: string, options: ReleaseOptions, context: CommandContext): Promise<number> {
  const bundle = loadPipelineBundle(pipeline);
  promptOf(bundle); // before anything is started for it
  const running = await findServer(context, context.actor);
  if (!running && options.detach)
    throw new SpillwayError('USAGE', 'Without a server nothing would carry the release on: --detach needs one.', {
      hint: 'Start one with `spillway serve`, or leave --detach out.',
    });
  const own = running ? undefined : await ownHost(context);
  try {
    const server = running ?? client({ url: own!.url, token: undefined, actor: context.actor });
    return await carryOut(server, bundle, options, context);
  } finally {
    await own?.close();
  }
}

/** On the usual port where it is free, so that apps that know it find this server too. */
async function ownHost({ data, database, out }: CommandContext): Promise<Host> {
  const shared = database === undefined ? {} : { database };
  const options = { folder: data, ...shared, host: '127.0.0.1', environment: readEnvironment(), log: quietLog() };
  const host = await openHost({ ...options, port: DEFAULT_PORT }).catch(error => {
    if (asSpillwayError(error).code !== 'ADDRESS_IN_USE') throw error;
    return openHost({ ...options, port: 0 });
  });
  out.note(out.paint.dim(`No server is running here: this command serves on ${host.url} until the release has ended.`));
  return host;
}

async function carryOut(
  server: Client,
  bundle: PipelineBundle,
  { detach, force }: ReleaseOptions,
  { out, signal }: CommandContext,
): Promise<number> {
  const { name } = bundle.plan;
  await server.put(`/api/v1/pipelines/${encodeURIComponent(name)}`, { document: bundle.document, files: bundle.files });
  const begun = await server.post<WireRelease>('/api/v1/releases', {
    pipeline: name,
    spec: promptOf(bundle).spec,
    ...(force ? { force } : {}),
  });
  if (detach) {
    out.print(`${begun.id}  ${begun.artifact} ${begun.phase}; follow it with: spillway status ${begun.id} --watch`);
    out.printJson(begun);
    return 0;
  }
  const last = await follow(server, begun, out, signal);
  if (!out.isLive) out.print(releaseView(last, { paint: out.paint, width: out.width, nowMs: Date.now() }).join('\n'));
  const failed = await failedCases(server, last, out);
  if (failed.length > 0) out.print(failed.join('\n'));
  if (!hasEnded(last))
    throw new SpillwayError(
      'INTERRUPTED',
      `Release ${last.id} goes on as it stands: ${last.phase} at ${last.weight} %.`,
      {
        hint: 'With a server it goes on there; without one, `spillway serve` in this folder takes it up again.',
      },
    );
  out.printJson(last);
  return exitOf(last);
}
