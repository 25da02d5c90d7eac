/**
 * The data plane: the Gateway API's definitions, Traefik with rights of its own, a GatewayClass and one Gateway. Traefik's
 * throttle is 100 ms instead of 2 s: whoever measures how fast traffic moves would otherwise measure the throttle.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import type { Api } from '../client/api.ts';
import { accessFor } from '../client/kubeconfig.ts';
import type { KubeObject } from '../client/objects.ts';
import { API_SERVER, GATEWAY, GATEWAY_INSIGHT, GATEWAY_NAME, GATEWAY_NAMESPACE } from './addresses.ts';
import { certificates, type Site } from './control-plane.ts';
import { type Program, startProgram } from './program.ts';

const THROTTLE = '100ms';
const GROUP = 'gateway.networking.k8s.io';
const account = { namespace: GATEWAY_NAMESPACE, name: 'traefik' };

export async function installDefinitions(api: Api, { binaries }: Site): Promise<void> {
  const definitions = JSON.parse(readFileSync(binaries['gateway-api.json'], 'utf8')) as KubeObject[];
  await Promise.all(
    definitions.map(async definition => {
      await api.apply(definition);
      const { group, names, versions } = definition['spec'];
      // Asked for itself, not for the condition Established: that comes a moment before objects are taken.
      for (const { name, served } of versions)
        if (served)
          await until(`${names.plural} are served`, () => api.call('GET', `/apis/${group}/${name}/${names.plural}`));
    }),
  );
}

export async function startTraefik(api: Api, { folder, binaries }: Site): Promise<Program> {
  for (const object of rights()) await api.apply(object);
  const { token } = await accessFor(api, account);
  const argv = [
    binaries.traefik,
    '--providers.kubernetesgateway=true',
    `--providers.kubernetesgateway.endpoint=${API_SERVER}`,
    `--providers.kubernetesgateway.token=${token}`,
    `--providers.kubernetesgateway.certauthfilepath=${join(certificates(folder), 'apiserver.crt')}`,
    `--providers.kubernetesgateway.throttleduration=${THROTTLE}`,
    `--providers.providersthrottleduration=${THROTTLE}`,
    `--entrypoints.web.address=${new URL(GATEWAY).host}`,
    `--entrypoints.insight.address=${new URL(GATEWAY_INSIGHT).host}`,
    '--ping=true',
    '--ping.entrypoint=insight',
    '--metrics.prometheus=true',
    '--metrics.prometheus.entrypoint=insight',
    '--metrics.prometheus.addrouterslabels=true',
    '--metrics.prometheus.addserviceslabels=true',
    '--global.checknewversion=false',
    '--global.sendanonymoususage=false',
  ];
  const program = startProgram(folder, { name: 'traefik', argv });
  const gatewayClass = {
    apiVersion: `${GROUP}/v1`,
    kind: 'GatewayClass',
    metadata: { name: 'traefik' },
    spec: { controllerName: 'traefik.io/gateway-controller' },
  };
  await api.apply(gatewayClass);
  await api.apply(gateway);
  return program;
}

const gateway = {
  apiVersion: `${GROUP}/v1`,
  kind: 'Gateway',
  metadata: { name: GATEWAY_NAME, namespace: GATEWAY_NAMESPACE },
  spec: {
    gatewayClassName: 'traefik',
    listeners: [
      {
        name: 'web',
        protocol: 'HTTP',
        // Traefik finds its entry point by the port.
        port: Number(new URL(GATEWAY).port),
        allowedRoutes: { namespaces: { from: 'All' } },
      },
    ],
  },
};

export async function isGatewayReady(api: Api): Promise<boolean> {
  const path = `/apis/${GROUP}/v1/namespaces/${GATEWAY_NAMESPACE}/gateways/${GATEWAY_NAME}`;
  const { status } = await api.call('GET', path);
  const conditions: { type: string; status: string }[] = status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Programmed' && status === 'True');
}

function rights(): KubeObject[] {
  const read = ['get', 'list', 'watch'];
  const rules = [
    { apiGroups: [''], resources: ['services', 'secrets', 'configmaps', 'namespaces', 'nodes'], verbs: read },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
    { apiGroups: [GROUP], resources: ['*'], verbs: read },
    {
      apiGroups: [GROUP],
      resources: ['gatewayclasses/status', 'gateways/status', 'httproutes/status', 'grpcroutes/status'],
      verbs: ['update', 'patch'],
    },
  ];
  const rbac = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: GATEWAY_NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...account } },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'traefik' }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'traefik' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'traefik' },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
  ];
}
