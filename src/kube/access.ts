/**
 * How the API server is reached: from a kubeconfig, or as a pod by its service account's files. Read by hand, because
 * Kubernetes' own client costs half a second of start and 130 MiB for what is one YAML document. Reads no environment; that
 * comes in.
 */
import { SpillwayError } from '../errors.ts';
import { execToken } from './exec-token.ts';
import { besideOf, type Context, contextOf, type Entry, fieldsOf, pemOf, readText, textOf } from './kubeconfig.ts';
import type { Environment, Token } from './token.ts';

export interface Access {
  /** Without a slash at its end. */
  server: string;
  /** PEM; the system's authorities when absent. */
  ca?: string;
  /** PEM, of a client certificate. */
  cert?: string;
  key?: string;
  /** Name in the server's certificate, when it is not the host. */
  serverName?: string;
  isUnverified?: boolean;
  token?: Token;
}

export interface KubeconfigOptions {
  /** The current one by default. */
  context?: string | undefined;
  environment?: Environment;
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws SpillwayError FILE_UNREADABLE, CONFIG_INVALID, NOT_SUPPORTED for `auth-provider`, which Kubernetes has dropped */
export function accessOfKubeconfig(
  files: readonly string[],
  { context, environment = {} }: KubeconfigOptions = {},
): Access {
  const found = contextOf(files, context);
  const { cluster, user } = found;
  const server = textOf(cluster.fields['server'])?.replace(/\/+$/, '');
  if (server === undefined)
    throw new SpillwayError('CONFIG_INVALID', `${cluster.file}: the cluster of ${found.name} has no server.`);
  return {
    server,
    ...defined('ca', pemOf(cluster, 'certificate-authority')),
    ...defined('cert', pemOf(user, 'client-certificate')),
    ...defined('key', pemOf(user, 'client-key')),
    ...defined('serverName', textOf(cluster.fields['tls-server-name'])),
    ...(cluster.fields['insecure-skip-tls-verify'] === true ? { isUnverified: true } : {}),
    ...defined('token', tokenOf(found, environment)),
  };
}

/** Of the pod that this runs in; undefined when it is none. */
export function accessOfPod(environment: Environment, folder = ACCOUNT): Access | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (!host) return undefined;
  const ca = readText(`${folder}/ca.crt`);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca,
    token: { read: () => readText(`${folder}/token`).trim() },
  };
}

/** Of the context; `default` where it names none. @throws SpillwayError FILE_UNREADABLE, CONFIG_INVALID */
export function namespaceOfKubeconfig(files: readonly string[], context?: string): string {
  return contextOf(files, context).namespace ?? 'default';
}

export function namespaceOfPod(folder = ACCOUNT): string {
  return readText(`${folder}/namespace`).trim();
}

/** In kubectl's order: a file wins over a token, and either over a program. */
function tokenOf({ user, cluster }: Context, environment: Environment): Token | undefined {
  const { fields, file } = user;
  const named = textOf(fields['tokenFile']);
  if (named !== undefined) return { read: () => readText(besideOf(file, named)).trim() };
  const token = textOf(fields['token']);
  if (token !== undefined) return { read: () => token };
  if (fields['auth-provider'] !== undefined) throw droppedProvider(user);
  if (fields['exec'] === undefined) return undefined;
  return execToken({ exec: fieldsOf(fields['exec']), file, cluster, environment });
}

function droppedProvider({ file }: Entry): SpillwayError {
  return new SpillwayError('NOT_SUPPORTED', `${file} gets its token by auth-provider, which Kubernetes has dropped.`, {
    hint: 'Make the kubeconfig anew with the tool of your cluster: it writes `exec` in its place.',
  });
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
