/**
 * Tokens that a program gives, as the kubeconfigs of cloud clusters name one (client.authentication.k8s.io). It runs when a token is
 * first needed, again shortly before that expires, and after the API server refused it. Its standard output is shown to nobody; its
 * standard error is ours, because a person may have to act on it. Never through a shell.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SpillwayError } from '../errors.ts';
import { besideOf, type Entry, type Fields, fieldsOf, pemOf, textOf } from './kubeconfig.ts';
import type { Environment, Token } from './token.ts';

export interface ExecOptions {
  /** `exec` of the user. */
  exec: Fields;
  /** Which names it; a path of its command is meant from there. */
  file: string;
  cluster: Entry;
  /** What it is started with, besides what `exec` sets. */
  environment: Environment;
  nowMs?: () => number;
}

interface Given {
  token: string;
  /** From then on a new one is asked for, while this one is used until it expires. */
  renewAtMs: number;
  expiresAtMs: number;
}

const VERSION = /^client\.authentication\.k8s\.io\/v1(beta1)?$/;
/** Programs ask a cloud, or a person in a browser. */
const TIMEOUT_MS = 120_000;
const BYTES_MAX = 1024 * 1024;
/** Before its end, and of a token that lives for minutes only the last fifth. */
const RENEW = { beforeMs: 60_000, share: 0.2 };
/** A program that fails is not started anew by each of many calls. */
const AGAIN_MS = 2_000;

/** @throws SpillwayError CONFIG_INVALID for an `exec` that cannot be run; NOT_SUPPORTED for one that must be typed into */
export function execToken(options: ExecOptions): Token {
  const { exec, file, nowMs = Date.now } = options;
  const run = programOf(options);
  let given: Given | undefined;
  let underWay: Promise<Given> | undefined;
  let failed: { error: unknown; atMs: number } | undefined;

  async function ask(): Promise<Given> {
    if (failed && nowMs() - failed.atMs < AGAIN_MS) throw failed.error;
    try {
      given = tokenIn(await run(), { file, apiVersion: textOf(exec['apiVersion'])!, nowMs: nowMs() });
      failed = undefined;
      return given;
    } catch (error) {
      failed = { error, atMs: nowMs() };
      throw error;
    }
  }

  function renew(): Promise<Given> {
    underWay ??= ask().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  return {
    read() {
      const now = nowMs();
      if (!given || given.expiresAtMs <= now) return renew().then(({ token }) => token);
      // Its failure is met by the call that finds the token expired.
      if (given.renewAtMs <= now) void renew().catch(() => undefined);
      return given.token;
    },
    refused(token) {
      if (given?.token === token) given = undefined;
    },
  };
}

/** @returns what runs it and gives its standard output */
function programOf({ exec, file, cluster, environment }: ExecOptions): () => Promise<string> {
  const command = textOf(exec['command']);
  const apiVersion = textOf(exec['apiVersion']) ?? '';
  if (command === undefined) throw wrong(file, 'names no command');
  if (!VERSION.test(apiVersion)) throw wrong(file, `has the apiVersion "${apiVersion}"`);
  if (exec['interactiveMode'] === 'Always')
    throw new SpillwayError('NOT_SUPPORTED', `${file} gets its token from ${command}, which must be typed into.`, {
      hint: 'Log in with it first and use a kubeconfig with a token, or that of a service account.',
    });
  const args = listOf(exec['args']).filter(arg => typeof arg === 'string');
  const own = listOf(exec['env']).map(fieldsOf);
  const env = {
    ...environment,
    ...Object.fromEntries(own.map(({ name, value }) => [String(name), String(value ?? '')])),
    KUBERNETES_EXEC_INFO: JSON.stringify(infoOf(exec, cluster, apiVersion)),
  };
  const path = /[/\\]/.test(command) ? besideOf(file, command) : command;
  return async () => {
    try {
      const running = promisify(execFile)(path, args, { env, timeout: TIMEOUT_MS, maxBuffer: BYTES_MAX });
      running.child.stdin?.end();
      running.child.stderr?.pipe(process.stderr, { end: false });
      return (await running).stdout;
    } catch (error) {
      throw failure(error, { command, file, hint: textOf(exec['installHint']) });
    }
  };
}

function infoOf(exec: Fields, cluster: Entry, apiVersion: string) {
  const isTold = exec['provideClusterInfo'] === true;
  const spec = { interactive: false, ...(isTold ? { cluster: clusterOf(cluster) } : {}) };
  return { apiVersion, kind: 'ExecCredential', spec };
}

function clusterOf(cluster: Entry): Fields {
  const { server, extensions, ...rest } = cluster.fields;
  const kept = ['tls-server-name', 'insecure-skip-tls-verify', 'proxy-url', 'disable-compression'];
  const ca = pemOf(cluster, 'certificate-authority');
  const own = listOf(extensions).map(fieldsOf);
  const config = own.find(({ name }) => name === 'client.authentication.k8s.io/exec')?.['extension'];
  return {
    server,
    ...Object.fromEntries(kept.flatMap(key => (rest[key] === undefined ? [] : [[key, rest[key]]]))),
    ...(ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(config === undefined ? {} : { config }),
  };
}

/** Nothing of it may be quoted. @throws SpillwayError CONFIG_INVALID */
function tokenIn(
  output: string,
  { file, apiVersion, nowMs }: { file: string; apiVersion: string; nowMs: number },
): Given {
  const { apiVersion: said, kind, status } = fieldsOf(parsed(output));
  const { token, expirationTimestamp } = fieldsOf(status);
  if (kind !== 'ExecCredential' || said !== apiVersion)
    throw wrong(file, `did not print an ExecCredential of ${apiVersion}`);
  if (textOf(token) === undefined) throw wrong(file, 'printed an ExecCredential without status.token');
  const until = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN;
  const expiresAtMs = Number.isNaN(until) ? Number.POSITIVE_INFINITY : until;
  const beforeMs = Math.min(RENEW.beforeMs, RENEW.share * (expiresAtMs - nowMs));
  return { token: token as string, expiresAtMs, renewAtMs: expiresAtMs - beforeMs };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrong(file: string, what: string): SpillwayError {
  return new SpillwayError('CONFIG_INVALID', `${file} gets its token from a program (exec), which ${what}.`, {
    hint: 'Check users[].user.exec: `kubectl get --raw /version` with the same kubeconfig must work.',
  });
}

/** What the program wrote may hold secrets; how it ended does not. */
function failure(error: unknown, { command, file, hint }: { command: string; file: string; hint: string | undefined }) {
  const how = endOf(error as { code?: string | number; signal?: string; killed?: boolean });
  return new SpillwayError('RIGHTS_MISSING', `${command}, from which ${file} gets its token, ${how}.`, {
    hint: hint ?? 'Install it, or log in with it: `kubectl get --raw /version` with the same kubeconfig must work.',
  });
}

function endOf({ code, signal, killed }: { code?: string | number; signal?: string; killed?: boolean }): string {
  if (code === 'ENOENT') return 'is not there';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `printed more than ${BYTES_MAX} bytes`;
  if (killed) return `did not end within ${TIMEOUT_MS / 1_000} s`;
  return typeof code === 'string' ? `could not be started (${code})` : `ended with ${signal ?? `exit ${code}`}`;
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
