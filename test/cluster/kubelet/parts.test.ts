/** The small parts of the process kubelet: addresses, reports, images, volumes, what is to be scraped. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRoom, type Room } from '../../support/room.ts';
import { makeAddresses } from './addresses.ts';
import { scrapeTargets } from './endpoints.ts';
import { commandOf, withoutTag } from './images.ts';
import type { Pod, Volume } from './pod.ts';
import { makeReporter } from './report.ts';
import { makeVolumes } from './volumes.ts';

let room: Room;
beforeEach(() => {
  room = openRoom();
});
afterEach(() => room.end());

test('an address that was given back is not the next one to be taken', () => {
  const addresses = makeAddresses();
  const first = addresses.take();
  addresses.giveBack(first);
  expect([first, addresses.take()]).toEqual(['10.244.1.1', '10.244.1.2']);
});

test('all addresses can be had, each once at a time', () => {
  const addresses = makeAddresses();
  const taken = Array.from({ length: 254 * 254 }, () => addresses.take());
  expect(new Set(taken).size).toBe(taken.length);
  expect(() => addresses.take()).toThrow('no pod address is free');
  addresses.giveBack('10.244.7.7');
  expect(addresses.take()).toBe('10.244.7.7');
});

test('reports that were overtaken are not sent, the newest always is, and a failure is tried again', async () => {
  const sent: number[] = [];
  let failures = 1;
  const reporter = makeReporter<number>(async value => {
    if (failures-- > 0) throw new Error('away');
    sent.push(value);
    return true;
  });
  for (const value of [1, 2, 3]) reporter.report(value);
  await reporter.settled();
  reporter.report(4);
  await reporter.settled();
  expect(sent).toEqual([3, 4]);
});

test('nothing more is reported of what is not wanted any more', async () => {
  const sent: number[] = [];
  const reporter = makeReporter<number>(async value => sent.push(value) < 0);
  reporter.report(1);
  await reporter.settled();
  reporter.report(2);
  await reporter.settled();
  expect(sent).toEqual([1]);
});

const images = async () => ({
  metadata: { name: 'images' },
  data: { mine: '{"ghcr.io/x/app":["node","app"]}', theirs: '{"spillway":["node","main"]}' },
});

test.each([
  ['the command, without looking at the image', { image: 'any', command: ['sh'], args: ['-c'] }, 'sh -c'],
  ['what the image stands for, whatever its tag', { image: 'ghcr.io/x/app:v1', args: ['serve'] }, 'node app serve'],
  [
    'what the last part of its name stands for',
    { image: 'ghcr.io/any/spillway:1', args: ['serve'] },
    'node main serve',
  ],
])('a container runs %s', async (_name, container, command) =>
  expect((await commandOf({ name: 'c', ...container }, images)).join(' ')).toBe(command),
);

test('an image that stands for nothing is an error that says where to put it', async () => {
  await expect(commandOf({ name: 'c', image: 'other' }, images)).rejects.toThrow('kube-system/images');
  await expect(commandOf({ name: 'c', image: 'missing/x' }, images)).rejects.toMatchObject({ reason: 'ErrImagePull' });
});

test.each([
  ['a:v1', 'a'],
  ['host:5000/a/b', 'host:5000/a/b'],
  ['host:5000/a/b:v1@sha256:00', 'host:5000/a/b'],
])('%s without its tag is %s', (image, name) => expect(withoutTag(image)).toBe(name));

test('volumes are folders: of a map, of chosen keys, of a token, and a claim that outlives the pod', async () => {
  const folder = room.folder();
  const volumes: Volume[] = [
    { name: 'all', configMap: { name: 'settings' } },
    { name: 'one', configMap: { name: 'settings', items: [{ key: 'a', path: 'deep/er' }] } },
    {
      name: 'account',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token' } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
    { name: 'claim', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'none', configMap: { name: 'nowhere', optional: true } },
  ];
  const pod = { metadata: { name: 'p', namespace: 'shop' }, spec: { containers: [], volumes } } as unknown as Pod;
  const made = await makeVolumes(pod, {
    folder,
    claims: join(folder, 'claims'),
    facts: { podIP: '10.244.1.1', hostIP: '10.244.0.1', given: {} },
    read: async (_kind, name) => (name === 'nowhere' ? undefined : { metadata: { name }, data: { a: '1', b: '2' } }),
    token: async () => 'sesame',
  });
  const read = (volume: string, file: string) => readFileSync(join(made.get(volume)!, file), 'utf8');
  expect([read('all', 'b'), read('one', 'deep/er'), read('account', 'token')]).toEqual(['2', '1', 'sesame']);
  expect(read('account', 'namespace')).toBe('shop');
  expect(made.get('claim')).toBe(join(folder, 'claims/shop/data'));
});

test('annotated pods are told to Prometheus with their labels', () => {
  const pod = (annotations: Record<string, string>) => ({
    pod: () =>
      ({
        metadata: { name: 'p', namespace: 'shop', labels: { 'app.kubernetes.io/name': 'web' }, annotations },
        spec: { containers: [] },
        status: { phase: 'Running', podIP: '10.244.1.1' },
      }) as unknown as Pod,
  });
  const scraped = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9000', 'prometheus.io/path': '/m' };
  expect(scrapeTargets([pod({}), pod(scraped)])).toEqual([
    {
      targets: ['10.244.1.1:9000'],
      labels: {
        app_kubernetes_io_name: 'web',
        namespace: 'shop',
        pod: 'p',
        node: 'process-node',
        __metrics_path__: '/m',
      },
    },
  ]);
});
