import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { accessOfKubeconfig, accessOfPod, namespaceOfKubeconfig, namespaceOfPod } from './access.ts';

const encoded = (text: string) => Buffer.from(text).toString('base64');

function kubeconfig(user: object, cluster: object = {}): string {
  const file = join(temporaryFolder(), 'config');
  const text = stringify({
    clusters: [
      { name: 'other', cluster: { server: 'https://other' } },
      { name: 'shop', cluster: { server: 'https://shop:6443/', ...cluster } },
    ],
    users: [{ name: 'me', user }],
    contexts: [
      { name: 'there', context: { cluster: 'other', user: 'me' } },
      { name: 'here', context: { cluster: 'shop', user: 'me', namespace: 'stalls' } },
    ],
    'current-context': 'here',
  });
  writeFileSync(file, text);
  return file;
}

test('the current context says which cluster and whose token, unless another is named', () => {
  const file = kubeconfig({ token: 'sesame' }, { 'certificate-authority-data': encoded('PEM') });
  const access = accessOfKubeconfig([file]);
  expect(access).toMatchObject({ server: 'https://shop:6443', ca: 'PEM' });
  expect(access.token?.read()).toBe('sesame');
  expect(accessOfKubeconfig([file], { context: 'there' }).server).toBe('https://other');
});

test('client certificates are taken inline or from files beside the kubeconfig', () => {
  const inline = { 'client-certificate-data': encoded('CERT'), 'client-key-data': encoded('KEY') };
  expect(accessOfKubeconfig([kubeconfig(inline)])).toMatchObject({ cert: 'CERT', key: 'KEY' });
  const file = kubeconfig({ 'client-certificate': 'me.crt', 'client-key': 'me.key' });
  for (const name of ['me.crt', 'me.key']) writeFileSync(join(file, '..', name), name);
  expect(accessOfKubeconfig([file])).toMatchObject({ cert: 'me.crt', key: 'me.key' });
});

test('of several files the first that names something has it, and those that are not there are left out', () => {
  const first = kubeconfig({ 'client-certificate': 'me.crt', 'client-key': 'me.key' });
  for (const name of ['me.crt', 'me.key']) writeFileSync(join(first, '..', name), `first ${name}`);
  const second = join(temporaryFolder(), 'config');
  const more = {
    clusters: [{ name: 'more', cluster: { server: 'https://more' } }],
    users: [{ name: 'me', user: { token: 'never' } }],
    contexts: [{ name: 'further', context: { cluster: 'more', user: 'me', namespace: 'stalls' } }],
    'current-context': 'further',
  };
  writeFileSync(second, stringify(more));
  const files = ['/nowhere/config', first, second];
  expect(accessOfKubeconfig(files).server).toBe('https://shop:6443');
  const further = accessOfKubeconfig(files, { context: 'further' });
  expect(further).toEqual({ server: 'https://more', cert: 'first me.crt', key: 'first me.key' });
  expect(namespaceOfKubeconfig(files, 'further')).toBe('stalls');
});

test.each([
  [
    'a token from what Kubernetes has dropped',
    () => kubeconfig({ 'auth-provider': { name: 'gcp' } }),
    undefined,
    'NOT_SUPPORTED',
    /auth-provider/,
  ],
  ['an unknown context', () => kubeconfig({}), 'nowhere', 'CONFIG_INVALID', /nothing named "nowhere" in contexts/],
  ['no file', () => '/nowhere/config', undefined, 'FILE_UNREADABLE', /cannot be read/],
])('%s is refused', (_name, make, context, code, message) => {
  const file = make();
  const attempt = () => accessOfKubeconfig([file], { context });
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(expect.objectContaining({ code }));
});

test('a file that is not YAML is not quoted', () => {
  const file = join(temporaryFolder(), 'config');
  writeFileSync(file, 'token: "sesame\n  - [');
  expect(() => accessOfKubeconfig([file])).toThrow(/is not YAML/);
  expect(() => accessOfKubeconfig([file])).not.toThrow(/sesame/);
});

test('a pod uses the files of its account, and the token that is there now', () => {
  const folder = join(temporaryFolder(), 'account');
  mkdirSync(folder);
  writeFileSync(join(folder, 'ca.crt'), 'PEM');
  writeFileSync(join(folder, 'token'), 'first\n');
  const access = accessOfPod({ KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: '6443' }, folder)!;
  expect(access).toMatchObject({ server: 'https://[::1]:6443', ca: 'PEM' });
  expect(access.token?.read()).toBe('first');
  writeFileSync(join(folder, 'token'), 'second\n');
  expect(access.token?.read()).toBe('second');
  expect(accessOfPod({}, folder)).toBeUndefined();
});

test('the namespace is that of the context, or of the pod', () => {
  expect([namespaceOfKubeconfig([kubeconfig({})]), namespaceOfKubeconfig([kubeconfig({})], 'there')]).toEqual([
    'stalls',
    'default',
  ]);
  const folder = join(temporaryFolder(), 'account');
  mkdirSync(folder);
  writeFileSync(join(folder, 'namespace'), 'shop');
  expect(namespaceOfPod(folder)).toBe('shop');
});
