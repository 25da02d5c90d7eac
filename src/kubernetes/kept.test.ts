import { expect, test } from 'vitest';
import { keptDeployment, keptPipeline, keptSlice, withoutManagers } from './kept.ts';
import type { Deployment, EndpointSlice } from './objects.ts';
import { readyAddresses } from './ready.ts';
import { writerOf } from './writer.ts';

const managedFields = [{ manager: 'helm', time: '2026-01-01T00:00:00Z', fieldsV1: { 'f:spec': { 'f:template': {} } } }];

const deployment = (labels: Record<string, string>) =>
  ({
    metadata: { name: 'web', namespace: 'shop', labels, managedFields },
    spec: { selector: {}, template: { spec: { containers: [] } } },
  }) as Deployment;

test('a Deployment of a pipeline still tells who wrote its template', () => {
  expect(writerOf(keptDeployment(deployment({ 'spillway.dev/gate': 'web' })))).toBe('kubernetes:helm');
});

test('of a Deployment that no pipeline names all but its managers is kept', () => {
  const { managedFields: _managers, ...metadata } = deployment({ app: 'web' }).metadata as never as {
    managedFields: unknown;
  };
  expect(keptDeployment(deployment({ app: 'web' }))).toEqual({ ...deployment({}), metadata });
});

test('what is watched is not changed', () => {
  const object = deployment({});
  withoutManagers(object);
  expect(object.metadata).toHaveProperty('managedFields', managedFields);
});

test('what is kept of slices gives the same addresses', () => {
  const slice = (name: string, service: string, ready: (boolean | undefined)[]): EndpointSlice => ({
    metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': service, team: 'a' } },
    endpoints: ready.map((ready, at) => ({
      addresses: [`10.0.0.${at}`],
      ...(ready === undefined ? {} : { conditions: { ready, serving: true } }),
    })),
  });
  const all = [slice('a', 'web', [true, false, undefined]), slice('b', 'other', [true])];
  const addresses = (slices: EndpointSlice[]) =>
    readyAddresses({ endpointSlices: { get: () => undefined, list: () => slices } }, 'shop', 'web');
  expect(addresses(all.map(keptSlice))).toEqual(addresses(all));
  expect(addresses(all)).toEqual(['10.0.0.0', '10.0.0.2']);
  const both = [slice('a', 'web', [true]), slice('b', 'web', [true, true])];
  const families = both.map((one, at) => ({ ...one, addressType: ['IPv4', 'IPv6'][at]! }));
  expect(addresses(families.map(keptSlice)), 'of both families each pod once').toEqual(['10.0.0.0']);
});

test('a slice without endpoints, as of a Service that nothing runs for, has none', () => {
  expect(keptSlice({ metadata: { name: 'a', namespace: 'shop' } }).endpoints).toEqual([]);
});

test('a pipeline says who wrote it where that is what is released', () => {
  const written = (target: object) =>
    keptPipeline({ metadata: { name: 'web', managedFields: [{ manager: 'ann' }] } as never, spec: { target } })
      .metadata;
  expect(written({ kubernetes: { deployment: 'web' } })).toEqual({ name: 'web' });
  for (const target of [{ prompt: {} }, { kubernetes: { workload: 'external' } }])
    expect(written(target)).toHaveProperty('managedFields');
});
