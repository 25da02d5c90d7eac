/** What a probe or a hook does once: an HTTP request, a connection, a command in the container. Redirects count as success. */
import { spawn } from 'node:child_process';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { connect } from 'node:net';
import type { Container, Handler } from './pod.ts';
import { beside } from './sandbox.ts';

export interface Target {
  container: Container;
  podIP: string;
  pid: number;
  environment: Readonly<Record<string, string>>;
}

/** @throws with the reason when it failed or took longer than `timeoutMs` */
export async function perform(handler: Handler, target: Target, timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  if (handler.httpGet) await get(handler.httpGet, target, signal);
  else if (handler.tcpSocket) await open(handler.tcpSocket, target, signal);
  else if (handler.exec) await runCommand(handler.exec.command ?? [], target, signal);
  else throw new Error('a probe has to be httpGet, tcpSocket or exec here');
}

function get(spec: NonNullable<Handler['httpGet']>, target: Target, signal: AbortSignal): Promise<void> {
  const options = {
    host: spec.host ?? target.podIP,
    port: portOf(spec.port, target.container),
    path: spec.path ?? '/',
    headers: Object.fromEntries((spec.httpHeaders ?? []).map(({ name, value }) => [name, value])),
    // A connection of its own each time: a probe that rides on an old one would not notice that nobody accepts.
    agent: false as const,
    rejectUnauthorized: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = spec.scheme === 'HTTPS' ? overHttps(options) : overHttp(options);
    request.once('error', reject).once('response', response => {
      response.resume();
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 400) resolve();
      else reject(new Error(`HTTP probe failed with statuscode: ${statusCode}`));
    });
    request.end();
  });
}

function open(spec: NonNullable<Handler['tcpSocket']>, target: Target, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: spec.host ?? target.podIP, port: portOf(spec.port, target.container) });
    const onAbort = () => socket.destroy(new Error('connection timed out'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => socket.destroy()).once('error', reject);
    socket.once('close', hadError => !hadError && resolve());
  });
}

function runCommand(command: readonly string[], target: Target, signal: AbortSignal): Promise<void> {
  const [program, ...args] = beside(target.pid, command);
  const child = spawn(program!, args, { env: target.environment, stdio: 'ignore', signal, killSignal: 'SIGKILL' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', exit => (exit === 0 ? resolve() : reject(new Error(`command ended with exit ${exit}`))));
  });
}

/** @throws when the container has no port of this name */
export function portOf(port: number | string, { name, ports = [] }: Container): number {
  const found = Number(port) || ports.find(candidate => candidate.name === port)?.containerPort;
  if (!found) throw new Error(`container ${name} has no port ${port}`);
  return found;
}
