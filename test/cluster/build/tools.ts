/**
 * The programs of the test cluster and their exact versions. Each Go program is a `tool` of the go.mod in the folder named
 * here, whose go.sum holds the sums: a version changes there, and here the words that name it. Order is the order of building.
 * What only some tests need is not built for anything else.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const KUBERNETES = 'v1.36.3';
export const GATEWAY_API = 'v1.3.0';
export const ARGO_CD = 'v3.5.7';
export const KUSTOMIZE_CONTROLLER = 'v1.9.6';

/** What every cluster is made of. */
export type PlaneName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'traefik'
  | 'helm'
  | 'gateway-api.json'
  | 'gateway-api-named-rules.json'
  | 'prometheus';

export type Name = PlaneName | 'argocd' | 'argocd.json' | 'miniredis' | 'kustomize-controller' | 'flux.json';

/** Files with definitions of resources, out of a module that the proxy has. */
export interface Definitions {
  module: string;
  folder: string;
  /** All of the folder by default. */
  files?: readonly string[];
}

export interface Tool {
  name: Name;
  version: string;
  how: 'go build' | 'custom resource definitions' | 'debian package';
  /** Folder beside this file that holds go.mod and go.sum. */
  module?: string;
  package?: string;
  /** Set at link time: the programs do not know their version otherwise. */
  variables?: Readonly<Record<string, string>>;
  /** Go files of ours that it is made from, below the module's folder. */
  sources?: readonly string[];
  /** `module@version`s, for custom resource definitions. */
  definitions?: readonly Definitions[];
  /** How the names of the tests begin that need it; nothing else does. */
  onlyFor?: string;
  /** A like one on the machine serves as well: it is not what is under test. */
  mayBeOnPath?: boolean;
  /** envtest's folder of binaries has it under the same name. */
  isAsset?: boolean;
}

const kubernetesVersion = Object.fromEntries(
  ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap(package_ => [
    [`${package_}.gitVersion`, KUBERNETES],
    [`${package_}.gitMajor`, '1'],
    [`${package_}.gitMinor`, '36'],
    [`${package_}.gitTreeState`, 'clean'],
  ]),
);

function kubernetes(name: Name, more: Partial<Tool> = {}): Tool {
  return {
    name,
    version: KUBERNETES,
    how: 'go build',
    module: 'kubernetes',
    package: `k8s.io/kubernetes/cmd/${name}`,
    variables: kubernetesVersion,
    ...more,
  };
}

export const TOOLS: readonly Tool[] = [
  { name: 'prometheus', version: 'of Debian', how: 'debian package', mayBeOnPath: true },
  {
    name: 'etcd',
    version: 'v3.6.16',
    how: 'go build',
    module: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    isAsset: true,
  },
  kubernetes('kube-apiserver', { isAsset: true }),
  kubernetes('kube-controller-manager'),
  kubernetes('kubectl', { isAsset: true, mayBeOnPath: true }),
  {
    name: 'traefik',
    version: 'v3.5.4',
    how: 'go build',
    module: 'traefik',
    package: 'github.com/traefik/traefik/v3/cmd/traefik',
    variables: { 'github.com/traefik/traefik/v3/pkg/version.Version': '3.5.4' },
  },
  {
    name: 'gateway-api.json',
    version: GATEWAY_API,
    how: 'custom resource definitions',
    module: 'traefik',
    definitions: [{ module: `sigs.k8s.io/gateway-api@${GATEWAY_API}`, folder: 'config/crd/standard' }],
  },
  {
    // Rules have names in the standard channel from v1.4 on; until then in this one, in the same field.
    name: 'gateway-api-named-rules.json',
    version: GATEWAY_API,
    how: 'custom resource definitions',
    module: 'traefik',
    definitions: [
      {
        module: `sigs.k8s.io/gateway-api@${GATEWAY_API}`,
        folder: 'config/crd/experimental',
        files: ['httproutes', 'grpcroutes'].map(plural => `gateway.networking.k8s.io_${plural}.yaml`),
      },
    ],
  },
  {
    name: 'helm',
    version: 'v4.3.1',
    how: 'go build',
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    variables: { 'helm.sh/helm/v4/internal/version.version': 'v4.3.1' },
  },
  ...flux(),
  ...argoCd(),
];

function flux(): Tool[] {
  const source = { version: KUSTOMIZE_CONTROLLER, module: 'flux', onlyFor: 'gitops-flux' };
  const bases = 'config/crd/bases';
  return [
    {
      ...source,
      name: 'kustomize-controller',
      how: 'go build',
      package: 'github.com/fluxcd/kustomize-controller',
    },
    {
      ...source,
      name: 'flux.json',
      how: 'custom resource definitions',
      definitions: [
        { module: `github.com/fluxcd/kustomize-controller@${KUSTOMIZE_CONTROLLER}`, folder: bases },
        { module: 'github.com/fluxcd/source-controller@v1.9.6', folder: bases },
      ],
    },
  ];
}

function argoCd(): Tool[] {
  const source = { version: ARGO_CD, module: 'argocd', onlyFor: 'gitops-argocd' };
  return [
    {
      ...source,
      name: 'argocd',
      how: 'go build',
      package: 'github.com/argoproj/argo-cd/v3/cmd',
      variables: { 'github.com/argoproj/argo-cd/v3/common.version': ARGO_CD.slice(1) },
    },
    {
      ...source,
      name: 'miniredis',
      version: 'v2.38.0',
      how: 'go build',
      package: './miniredis',
      sources: ['miniredis/main.go'],
    },
    {
      ...source,
      name: 'argocd.json',
      how: 'custom resource definitions',
      definitions: [
        {
          module: `github.com/argoproj/argo-cd/v3@${ARGO_CD}`,
          folder: 'manifests/crds',
          // Without ApplicationSets, which are three quarters of the size.
          files: ['application-crd.yaml', 'appproject-crd.yaml'],
        },
      ],
    },
  ];
}

/** What a command in the cluster needs: the tools of some tests only where it may run those. */
export function toolsFor(command: readonly string[]): Tool[] {
  const files = command.filter(word => word.endsWith('.test.ts'));
  const isTest = command.some(word => /(^|\/)vitest$/.test(word));
  const mayRun = (test: string) => isTest && (files.length === 0 || files.some(file => file.includes(test)));
  return TOOLS.filter(({ onlyFor }) => onlyFor === undefined || mayRun(onlyFor));
}

export function moduleFolder(tool: Tool): string {
  if (tool.module === undefined) throw new Error(`${tool.name} is not built from a Go module`);
  return join(import.meta.dirname, tool.module);
}

/** What a cached file was made from; another stamp means that it is made again. */
export function stampOf(tool: Tool): string {
  const { package: package_ = '', variables = {}, definitions, sources = [] } = tool;
  const made = [package_, variables, ...(definitions === undefined ? [] : [definitions])];
  const hash = createHash('sha256').update(JSON.stringify(made));
  if (tool.module !== undefined)
    for (const file of ['go.mod', 'go.sum', ...sources]) hash.update(readFileSync(join(moduleFolder(tool), file)));
  return `${tool.name} ${tool.version} ${hash.digest('hex')}\n`;
}
