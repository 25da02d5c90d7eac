/** etcd, kube-apiserver and kube-controller-manager: how each is started, and when it is ready. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from '../build/cache.ts';
import { type Access, type Api, openApi } from '../client/api.ts';
import { API_SERVER, ETCD, NODE_IP, SERVICE_RANGE } from './addresses.ts';
import type { Credentials } from './credentials.ts';
import { type Program, startProgram } from './program.ts';

export interface Site {
  folder: string;
  binaries: Binaries;
  credentials: Credentials;
}

export function startEtcd({ folder, binaries }: Site): Program {
  const argv = [
    binaries.etcd,
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    '--listen-peer-urls=http://127.0.0.1:2380',
    // What a power cut would lose is gone with the cluster anyway; a slow disk would otherwise be what tests measure.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
  return startProgram(folder, { name: 'etcd', argv });
}

export function startApiServer({ folder, binaries, credentials }: Site): Program {
  const argv = [
    binaries['kube-apiserver'],
    `--etcd-servers=${ETCD}`,
    `--cert-dir=${certificates(folder)}`,
    '--secure-port=6443',
    // Without a default route it finds no address by itself.
    '--bind-address=127.0.0.1',
    `--advertise-address=${NODE_IP}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${credentials.tokenFile}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${credentials.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${credentials.serviceAccountKey}`,
    '--enable-admission-plugins=NodeRestriction',
    '--kubelet-preferred-address-types=InternalIP',
    '--shutdown-delay-duration=0',
  ];
  return startProgram(folder, { name: 'kube-apiserver', argv });
}

/** The administrator's client, once the server answers that it is ready. */
export async function reachApiServer(program: Program, { folder, credentials }: Site): Promise<Api> {
  let api: Api | undefined;
  const certificate = join(certificates(folder), 'apiserver.crt');
  await program.ready(async () => {
    if (!existsSync(certificate)) return false;
    api ??= openApi(adminAccess(certificate, credentials));
    return (await api.call('GET', '/readyz')) as unknown as string;
  });
  return api!;
}

function adminAccess(certificate: string, { adminToken }: Credentials): Access {
  return { server: API_SERVER, token: adminToken, ca: readFileSync(certificate, 'utf8') };
}

export function startControllerManager({ folder, binaries, credentials }: Site, kubeconfig: string): Program {
  const argv = [
    binaries['kube-controller-manager'],
    `--kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--service-account-private-key-file=${credentials.serviceAccountKey}`,
    `--root-ca-file=${join(certificates(folder), 'apiserver.crt')}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    // Its own limit of 20 calls a second is most of the time it takes to start: each controller asks for a token first.
    '--kube-api-qps=1000',
    '--kube-api-burst=1000',
    // One node, whose pods share an address range and which never goes away.
    '--controllers=*,-nodeipam,-nodelifecycle',
  ];
  return startProgram(folder, { name: 'kube-controller-manager', argv });
}

/** The process kubelet answers `kubectl logs` with the same certificate: the apiserver verifies none of a kubelet. */
export const certificates = (folder: string) => join(folder, 'certificates');
