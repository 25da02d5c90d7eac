import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { execToken } from './exec-token.ts';
import type { Fields } from './kubeconfig.ts';

const VERSION = 'client.authentication.k8s.io/v1';
const cluster = {
  fields: {
    server: 'https://shop:6443',
    'certificate-authority-data': Buffer.from('PEM').toString('base64'),
    extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'shop' } }],
  },
  file: 'config',
};

/** A program beside the kubeconfig that prints what `body` makes, and writes down what it was started with. */
function program(body: string, exec: Fields = {}, environment: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const asked = join(folder, 'asked');
  const script = `#!${process.execPath}
    const { appendFileSync } = require('node:fs');
    const said = { args: process.argv.slice(2), own: process.env.OWN, theirs: process.env.THEIRS, info: process.env.KUBERNETES_EXEC_INFO };
    appendFileSync(${JSON.stringify(asked)}, JSON.stringify(said) + '\\n');
    const status = status => console.log(JSON.stringify({ apiVersion: '${VERSION}', kind: 'ExecCredential', status }));
    ${body}`;
  writeFileSync(join(folder, 'login'), script);
  chmodSync(join(folder, 'login'), 0o755);
  const clock = { nowMs: Date.parse('2026-01-01T00:00:00Z') };
  const token = execToken({
    exec: { apiVersion: VERSION, command: './login', ...exec },
    file: join(folder, 'config'),
    cluster,
    environment,
    nowMs: () => clock.nowMs,
  });
  const starts = () =>
    readFileSync(asked, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
  return { token, clock, starts };
}

const counted = (more = '') => `
  const n = require('node:fs').readFileSync(__dirname + '/asked', 'utf8').trim().split('\\n').length;
  status({ token: 'sesame-' + n${more} });`;

describe('a program that gives tokens', () => {
  test('runs once for many calls, with its arguments and variables, and is told the cluster', async () => {
    const exec = {
      args: ['get-token', '--region', 'x'],
      env: [{ name: 'OWN', value: 'yes' }],
      provideClusterInfo: true,
    };
    const { token, starts } = program(counted(), exec, { THEIRS: 'too' });
    const many = await Promise.all(Array.from({ length: 5 }, () => token.read()));
    expect([...many, await token.read()]).toEqual(Array(6).fill('sesame-1'));
    const [{ info, ...started }] = starts();
    expect(started).toEqual({ args: ['get-token', '--region', 'x'], own: 'yes', theirs: 'too' });
    expect(JSON.parse(info)).toEqual({
      apiVersion: VERSION,
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        cluster: {
          server: 'https://shop:6443',
          'certificate-authority-data': Buffer.from('PEM').toString('base64'),
          config: { audience: 'shop' },
        },
      },
    });
  });

  test('runs again before the token expires, while that one is used', async () => {
    const { token, clock, starts } = program(counted(", expirationTimestamp: '2026-01-01T00:' + n + '0:00Z'"));
    expect(await token.read()).toBe('sesame-1');
    clock.nowMs = Date.parse('2026-01-01T00:08:59Z');
    expect(await token.read()).toBe('sesame-1');
    expect(starts()).toHaveLength(1);
    clock.nowMs = Date.parse('2026-01-01T00:09:30Z');
    expect(token.read()).toBe('sesame-1');
    await expect.poll(() => token.read(), { timeout: 10_000 }).toBe('sesame-2');
  });

  test('is asked anew when the token has expired, or was refused', async () => {
    const { token, clock } = program(counted(", expirationTimestamp: '2026-01-01T00:10:00Z'"));
    expect(await token.read()).toBe('sesame-1');
    token.refused?.('another one');
    expect(await token.read()).toBe('sesame-1');
    token.refused?.('sesame-1');
    expect(await token.read()).toBe('sesame-2');
    clock.nowMs = Date.parse('2026-01-01T00:11:00Z');
    expect(await token.read()).toBe('sesame-3');
  });

  test.each([
    ['fails', "console.log('secret'); process.exit(7)", {}, /login, from which .* ended with exit 7/],
    ['prints something else', "console.log('secret')", {}, /did not print an ExecCredential/],
    [
      'prints another version',
      'console.log(\'{"kind":"ExecCredential","apiVersion":"v0"}\')',
      {},
      /of client.authentication/,
    ],
    ['gives a certificate alone', "status({ clientCertificateData: 'secret' })", {}, /without status.token/],
    ['is not there', '', { command: 'no-such-login', installHint: 'get it' }, /no-such-login, .* is not there/],
  ])('that %s is an error that quotes nothing of what it printed', async (_what, body, exec, message) => {
    const { token } = program(body, exec);
    const failure = await Promise.resolve(token.read()).catch((error: Error) => error);
    expect(failure).toMatchObject({ message: expect.stringMatching(message) });
    expect(await Promise.resolve(token.read()).catch((error: Error) => error), 'not started anew at once').toBe(
      failure,
    );
    expect(JSON.stringify(failure) + (failure as Error).message).not.toContain('secret');
    if ('installHint' in exec) expect(failure).toMatchObject({ hint: 'get it' });
  });

  test.each([
    ['names no command', { command: undefined }, 'CONFIG_INVALID'],
    ['speaks a version that is not known', { apiVersion: 'client.authentication.k8s.io/v1alpha1' }, 'CONFIG_INVALID'],
    ['must be typed into', { interactiveMode: 'Always' }, 'NOT_SUPPORTED'],
  ])('that %s is refused before it runs', (_what, exec, code) => {
    expect(() => program('', exec)).toThrow(expect.objectContaining({ code }));
  });
});
