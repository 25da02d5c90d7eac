/** Registers the node and keeps its lease, the heartbeat by which Kubernetes knows that a kubelet lives. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../client/api.ts';
import { KUBELET_TLS_PORT, NODE, NODE_IP } from '../plane/addresses.ts';

const HEARTBEAT_MS = 10_000;

export async function registerNode(api: Api): Promise<void> {
  await api.apply({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE, labels: { 'kubernetes.io/hostname': NODE, 'kubernetes.io/os': 'linux' } },
  });
  const room = { cpu: '64', memory: '256Gi', pods: '1000' };
  const now = new Date().toISOString();
  const status = {
    addresses: [{ type: 'InternalIP', address: NODE_IP }],
    capacity: room,
    allocatable: room,
    conditions: [
      { type: 'Ready', status: 'True', reason: 'ProcessKubelet', lastHeartbeatTime: now, lastTransitionTime: now },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_TLS_PORT } },
    nodeInfo: nodeInfo(),
  };
  await api.patch(`/api/v1/nodes/${NODE}/status`, 'strategic', { status });
}

/** Until the signal; a heartbeat that fails is left out, as the next one is near. */
export async function keepLease(api: Api, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const spec = {
      holderIdentity: NODE,
      leaseDurationSeconds: 40,
      renewTime: `${new Date().toISOString().slice(0, -1)}000Z`,
    };
    const metadata = { name: NODE, namespace: 'kube-node-lease' };
    await api
      .apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec })
      .catch(error => say(`the lease was not renewed: ${error}`));
    await sleep(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
  }
}

function nodeInfo() {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    operatingSystem: 'linux',
    osImage: 'processes of this machine',
    containerRuntimeVersion: 'process://1',
    kubeletVersion: 'v0.0.0-process',
    kubeProxyVersion: '',
    kernelVersion: '',
    machineID: NODE,
    systemUUID: NODE,
    bootID: NODE,
  };
}
