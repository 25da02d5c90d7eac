/**
 * A container's environment, as Kubernetes defines it: `envFrom` first, `env` over it, `$(NAME)` replaced by what was defined
 * before. Added for every container: where the apiserver is, and the pod's own address, which a process here must bind.
 */
import type { KubeObject } from '../client/objects.ts';
import type { Container, EnvVar, NamedRef, Pod } from './pod.ts';

/** What keeps a container from being created; it is tried again, because the missing object may come. */
export class NotCreatable extends Error {
  readonly reason: string;
  constructor(message: string, reason = 'CreateContainerConfigError') {
    super(message);
    this.reason = reason;
  }
}

/** Undefined when there is none. */
export type Read = (kind: 'configmaps' | 'secrets', name: string) => Promise<KubeObject | undefined>;

export interface Facts {
  podIP: string;
  hostIP: string;
  /** Added for every container, below everything that the pod says. */
  given: Readonly<Record<string, string>>;
}

type Environment = Record<string, string>;

export async function environmentOf(pod: Pod, container: Container, facts: Facts, read: Read): Promise<Environment> {
  const environment: Environment = { ...facts.given, POD_IP: facts.podIP };
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const entries = configMapRef ? await entriesOf('configmaps', configMapRef, read) : {};
    if (secretRef) Object.assign(entries, await entriesOf('secrets', secretRef, read));
    for (const [name, value] of Object.entries(entries)) environment[prefix + name] = value.toString();
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, { pod, facts, read, environment });
    if (value !== undefined) environment[variable.name] = value;
  }
  return environment;
}

/** `$(NAME)` becomes its value, `$$(NAME)` the text `$(NAME)`; an unknown name stays as it is. */
export function expand(text: string, environment: Readonly<Environment>): string {
  return text.replace(/\$(\$)?\(([A-Za-z_.-][\w.-]*)\)/g, (whole, escaped: string | undefined, name: string) =>
    escaped ? whole.slice(1) : (environment[name] ?? whole),
  );
}

interface Scope {
  pod: Pod;
  facts: Facts;
  read: Read;
  environment: Environment;
}

async function valueOf({ name, value, valueFrom }: EnvVar, scope: Scope): Promise<string | undefined> {
  if (!valueFrom) return expand(value ?? '', scope.environment);
  if (valueFrom.fieldRef) return fieldOf(scope.pod, valueFrom.fieldRef.fieldPath, scope.facts);
  const [kind, ref] = valueFrom.configMapKeyRef
    ? (['configmaps', valueFrom.configMapKeyRef] as const)
    : (['secrets', valueFrom.secretKeyRef] as const);
  if (!ref) throw new NotCreatable(`env ${name}: only fieldRef, configMapKeyRef and secretKeyRef are supported here`);
  const found = (await entriesOf(kind, ref, scope.read))[ref.key];
  if (found === undefined && !ref.optional) throw new NotCreatable(`couldn't find key ${ref.key} in ${ref.name}`);
  return found?.toString();
}

/** The entries of a ConfigMap or Secret, decoded; empty when it is optional and not there. */
export async function entriesOf(
  kind: 'configmaps' | 'secrets',
  { name, optional }: NamedRef,
  read: Read,
): Promise<Record<string, Buffer>> {
  const object = await read(kind, name);
  if (!object) {
    if (optional) return {};
    throw new NotCreatable(`${kind.slice(0, -1)} "${name}" not found`);
  }
  const plain = Object.entries<string>(object['data'] ?? {});
  const encoding = kind === 'secrets' ? 'base64' : 'utf8';
  const binary = Object.entries<string>(object['binaryData'] ?? {});
  return Object.fromEntries([
    ...plain.map(([key, text]) => [key, Buffer.from(text, encoding)] as const),
    ...binary.map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
  ]);
}

/** The downward API: what a pod may know of itself. */
export function fieldOf(pod: Pod, path: string, { podIP, hostIP }: Omit<Facts, 'given'>): string {
  const { metadata, spec } = pod;
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map && key) return metadata[map as 'labels' | 'annotations']?.[key] ?? '';
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.hostIP': hostIP,
    'status.podIP': podIP,
    'status.podIPs': podIP,
  };
  const value = fields[path];
  if (value === undefined) throw new NotCreatable(`the field ${path} is not supported here`);
  return value;
}
