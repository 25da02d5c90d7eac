import { expect, test } from 'vitest';
import { environmentOf, expand, NotCreatable } from './environment.ts';
import type { Container, Pod } from './pod.ts';

const pod = {
  metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', labels: { app: 'web' } },
  spec: { containers: [], nodeName: 'n1' },
} as Pod;
const facts = { podIP: '10.244.1.1', hostIP: '10.244.0.1', given: { PATH: '/bin' } };
const objects: Record<string, Record<string, string>> = {
  'configmaps/settings': { mode: 'fast', level: '3' },
  'secrets/keys': { token: Buffer.from('sesame').toString('base64') },
};
const read = async (kind: string, name: string) => {
  const data = objects[`${kind}/${name}`];
  return data && { metadata: { name }, data };
};
const of = (container: Partial<Container>) => environmentOf(pod, { name: 'c', image: 'i', ...container }, facts, read);

test('a container learns who and where it is', async () => {
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  const env = [
    { name: 'NAME', ...field('metadata.name') },
    { name: 'NAMESPACE', ...field('metadata.namespace') },
    { name: 'IP', ...field('status.podIP') },
    { name: 'APP', ...field("metadata.labels['app']") },
  ];
  expect(await of({ env })).toEqual({
    PATH: '/bin',
    POD_IP: '10.244.1.1',
    NAME: 'web-1',
    NAMESPACE: 'shop',
    IP: '10.244.1.1',
    APP: 'web',
  });
});

test('values come from ConfigMaps and Secrets, and env overrides envFrom', async () => {
  const environment = await of({
    envFrom: [{ prefix: 'S_', configMapRef: { name: 'settings' } }],
    env: [
      { name: 'S_mode', value: 'slow' },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
      { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'nowhere', key: 'x', optional: true } } },
    ],
  });
  expect(environment).toMatchObject({ S_mode: 'slow', S_level: '3', TOKEN: 'sesame' });
  expect(environment).not.toHaveProperty('NONE');
});

test('a missing ConfigMap or key keeps the container from being created, and is named', async () => {
  const from = (name: string, key: string) => ({
    env: [{ name: 'X', valueFrom: { configMapKeyRef: { name, key } } }],
  });
  await expect(of(from('nowhere', 'x'))).rejects.toThrow('configmap "nowhere" not found');
  await expect(of(from('settings', 'x'))).rejects.toThrow(NotCreatable);
});

test.each([
  ['a defined name is replaced', 'http://$(HOST):80', 'http://web:80'],
  ['an unknown name stays', '$(NOBODY)', '$(NOBODY)'],
  ['two dollars escape', '$$(HOST)', '$(HOST)'],
  ['what a shell would replace is left to the shell', '$HOST', '$HOST'],
])('%s', (_name, text, expanded) => expect(expand(text, { HOST: 'web' })).toBe(expanded));
