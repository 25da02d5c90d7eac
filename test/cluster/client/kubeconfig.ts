/** Kubeconfigs: for whoever holds a token, and for a service account, whose token is asked for here. */
import type { Access, Api } from './api.ts';

/** JSON, which every reader of YAML takes. */
export function kubeconfigOf({ server, ca, token }: Access, user: string): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'spillway-test', cluster }],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: 'default', context: { cluster: 'spillway-test', user } }],
      'current-context': 'default',
    },
    null,
    2,
  );
}

export interface ServiceAccount {
  namespace: string;
  name: string;
}

/** What this service account may do, and nothing else; the account must exist. The token holds for a day. */
export async function accessFor(api: Api, { namespace, name }: ServiceAccount): Promise<Access> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 86_400 } };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { status } = await api.call<{ status: { token: string } }>('POST', path, request);
  return { ...api.access, token: status.token };
}
