/**
 * How the API server is reached: from a kubeconfig, or as a pod by its service account's files. Read by hand, because
 * Kubernetes' own client costs half a second of start and 130 MiB for what is one YAML document. It runs no programs: a
 * kubeconfig that gets its token from one is refused. Reads no environment; that comes in.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { SpillwayError } from '../errors.ts';

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
  /** Asked for every call, because a pod's token changes in its file. Never shown. */
  token?: () => string;
}

type Fields = Record<string, unknown>;
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws SpillwayError FILE_UNREADABLE, CONFIG_INVALID, NOT_SUPPORTED for `exec` and `auth-provider` */
export function accessOfKubeconfig(file: string, context?: string): Access {
  const config = fieldsOf(parseConfig(file));
  const name = context ?? stringOf(config['current-context']) ?? '';
  const current = entryOf(config, 'contexts', name, file);
  const cluster = entryOf(config, 'clusters', stringOf(current['cluster']) ?? '', file);
  const user = current['user'] === undefined ? {} : entryOf(config, 'users', stringOf(current['user']) ?? '', file);
  for (const program of ['exec', 'auth-provider'])
    if (user[program] !== undefined)
      throw new SpillwayError('NOT_SUPPORTED', `${file} gets its token from a program (${program}).`, {
        hint: 'Make a kubeconfig with the token of a service account: `kubectl create token NAME`.',
      });
  const server = stringOf(cluster['server'])?.replace(/\/+$/, '');
  if (server === undefined) throw new SpillwayError('CONFIG_INVALID', `${file}: the cluster of ${name} has no server.`);
  const pem = (of: Fields, key: string) => pemOf(of, key, dirname(resolve(file)));
  const token = tokenOf(user, dirname(resolve(file)));
  return {
    server,
    ...defined('ca', pem(cluster, 'certificate-authority')),
    ...defined('cert', pem(user, 'client-certificate')),
    ...defined('key', pem(user, 'client-key')),
    ...defined('serverName', stringOf(cluster['tls-server-name'])),
    ...(cluster['insecure-skip-tls-verify'] === true ? { isUnverified: true } : {}),
    ...defined('token', token),
  };
}

/** Of the pod that this runs in; undefined when it is none. */
export function accessOfPod(environment: Record<string, string | undefined>, folder = ACCOUNT): Access | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (!host) return undefined;
  const ca = read(`${folder}/ca.crt`);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca,
    token: () => read(`${folder}/token`).trim(),
  };
}

/** Of the context; `default` where it names none. @throws SpillwayError FILE_UNREADABLE, CONFIG_INVALID */
export function namespaceOfKubeconfig(file: string, context?: string): string {
  const config = fieldsOf(parseConfig(file));
  const current = entryOf(config, 'contexts', context ?? stringOf(config['current-context']) ?? '', file);
  return stringOf(current['namespace']) ?? 'default';
}

export function namespaceOfPod(folder = ACCOUNT): string {
  return read(`${folder}/namespace`).trim();
}

function parseConfig(file: string): unknown {
  const text = read(file);
  try {
    return parse(text);
  } catch {
    // What the parser says quotes the text, which holds keys.
    throw new SpillwayError('CONFIG_INVALID', `${file} is not YAML.`);
  }
}

function entryOf(config: Fields, list: string, name: string, file: string): Fields {
  const entries = Array.isArray(config[list]) ? (config[list] as Fields[]) : [];
  const found = entries.find(entry => entry['name'] === name);
  if (!found) throw new SpillwayError('CONFIG_INVALID', `${file} has nothing named "${name}" in ${list}.`);
  return fieldsOf(found[list.slice(0, -1)]);
}

/** The inline form wins over the file, as in kubectl. */
function pemOf(of: Fields, key: string, folder: string): string | undefined {
  const inline = stringOf(of[`${key}-data`]);
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString();
  const file = stringOf(of[key]);
  return file === undefined ? undefined : read(resolve(folder, file));
}

function tokenOf(user: Fields, folder: string): (() => string) | undefined {
  const file = stringOf(user['tokenFile']);
  if (file !== undefined) return () => read(resolve(folder, file)).trim();
  const token = stringOf(user['token']);
  return token === undefined ? undefined : () => token;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SpillwayError('FILE_UNREADABLE', `${file} cannot be read.`, { cause });
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
