/** serve: the server on a data folder, until it is told to stop. Takes up the releases that were under way. */
import { readEnvironment } from '../../config/environment.ts';
import type { CommandContext } from '../context.ts';
import { type HostOptions, openHost } from '../host.ts';
import { type KubeWhere, kubeAccess } from '../kube.ts';
import { serverLog } from '../log.ts';
import { shownStore } from '../open-store.ts';

export interface ServeOptions {
  host: string;
  port: number;
  journal?: string;
}

export async function serve(options: ServeOptions, context: CommandContext): Promise<number> {
  const { data, database, out, signal } = context;
  const environment = readEnvironment();
  const { token } = environment;
  // Before anything is opened: a kubeconfig that cannot be read is said at once.
  const kube = context.kube === undefined ? {} : { kube: serveAccess(context.kube) };
  const host = await openHost({
    folder: data,
    ...(database === undefined ? {} : { database }),
    ...options,
    ...kube,
    environment,
    // A person at a terminal is greeted by the line below; a log collector gets every line.
    log: serverLog(process.stdout.isTTY ? 'warn' : 'info'),
    ...(token === undefined ? {} : { token }),
  });
  out.print(`Spillway serves on ${host.url}, data in ${shownStore(context)}. Stop it with Ctrl-C.`);
  const shown = database === undefined ? {} : { database: shownStore(context) };
  out.printJson({ url: host.url, data, ...shown, pid: process.pid });
  await new Promise<void>(resolve => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await host.close();
  return 0;
}

/** All namespaces, unless one is named. */
function serveAccess(where: KubeWhere): NonNullable<HostOptions['kube']> {
  const { access } = kubeAccess(where);
  return { access, ...(where.namespace === undefined ? {} : { namespace: where.namespace }) };
}
