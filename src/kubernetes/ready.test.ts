import { describe, expect, test } from 'vitest';
import type { Lookup } from './cluster.ts';
import { pod } from './objects.test-support.ts';
import type { EndpointSlice } from './objects.ts';
import { isReadyPod, readyAddresses } from './ready.ts';

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];
const slice = (service: string, endpoints: Endpoint[], addressType = 'IPv4'): EndpointSlice => ({
  metadata: { name: `${service}-${addressType}`, labels: { 'kubernetes.io/service-name': service } },
  addressType,
  endpoints,
});
const addresses = (...slices: EndpointSlice[]) => {
  const endpointSlices: Lookup<EndpointSlice> = { get: () => undefined, list: () => slices };
  return readyAddresses({ endpointSlices }, 'shop', 'web');
};

describe('endpoints of a Service', () => {
  test('are those of all its slices that are ready, or do not say', () =>
    expect(
      addresses(
        slice('web', [
          { addresses: ['10.0.0.2'], conditions: { ready: true } },
          { addresses: ['10.0.0.9'], conditions: { ready: false } },
        ]),
        slice('web', [{ addresses: ['10.0.0.1'] }]),
        slice('other', [{ addresses: ['10.0.0.3'] }]),
      ),
    ).toEqual(['10.0.0.1', '10.0.0.2']));

  test('count once where a Service has addresses of both families', () =>
    expect(
      addresses(slice('web', [{ addresses: ['10.0.0.1'] }]), slice('web', [{ addresses: ['fd00::1'] }], 'IPv6')),
    ).toEqual(['10.0.0.1']));

  test('of the newer family alone are found too', () =>
    expect(addresses(slice('web', [{ addresses: ['fd00::1'] }], 'IPv6'))).toEqual(['fd00::1']));
});

test('a pod is ready when it says so, and is not about to end', () => {
  const ready = pod({ conditions: [{ type: 'Ready', status: 'True' }] });
  expect(isReadyPod(ready)).toBe(true);
  expect(isReadyPod(pod({ conditions: [{ type: 'Ready', status: 'False' }] }))).toBe(false);
  expect(isReadyPod({ ...ready, metadata: { ...ready.metadata, deletionTimestamp: 'now' } })).toBe(false);
});
