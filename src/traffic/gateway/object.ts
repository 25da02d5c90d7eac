/**
 * Routes of the Gateway API as far as they are looked into here: rules, the backends they send to, and what gateways say of
 * them. HTTPRoute and GRPCRoute are the same in all of this. Fields that are not named here are kept, never read.
 */
export const GROUP = 'gateway.networking.k8s.io';
export const EPOCH = 'spillway.dev/epoch';
export const TOMBSTONE = 'spillway.dev/rolled-back';
export const ATTACHED = 'spillway.dev/attached';

export interface Backend {
  /** Default '', the core group. */
  group?: string | undefined;
  /** Default Service. */
  kind?: string | undefined;
  name: string;
  /** Default: that of the route. */
  namespace?: string | undefined;
  /** When absent, any port is meant. */
  port?: number | undefined;
}

export interface BackendRef extends Backend {
  /** Default 1. */
  weight?: number | undefined;
}

export interface Rule {
  name?: string | undefined;
  backendRefs?: BackendRef[] | undefined;
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
}

export interface ParentRef {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  sectionName?: string;
  port?: number;
}

export interface ManagedFields {
  manager?: string;
  operation?: string;
  /** RFC 3339, whole seconds. */
  time?: string;
  subresource?: string;
  fieldsV1?: Record<string, unknown>;
}

export interface RouteObject {
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    annotations?: Record<string, string>;
    managedFields?: ManagedFields[];
  };
  spec?: { parentRefs?: ParentRef[]; rules?: Rule[] };
  status?: { parents?: { parentRef: ParentRef; controllerName?: string; conditions?: Condition[] }[] };
}

export interface RouteAddress {
  namespace: string;
  name: string;
  kind: 'HTTPRoute' | 'GRPCRoute';
  /** Of the rule to split; without it, every rule that holds both backends. */
  rule?: string | undefined;
}

/** The path of the collection, or of one object. */
export function pathOf({ namespace, kind }: RouteAddress, name?: string): string {
  const collection = `/apis/${GROUP}/v1/namespaces/${namespace}/${kind.toLowerCase()}s`;
  return name === undefined ? collection : `${collection}/${name}`;
}

export function nameOf({ kind, namespace, name }: RouteAddress): string {
  return `${kind} ${namespace}/${name}`;
}

export function nameOfBackend({ kind = 'Service', name, namespace }: Backend): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** Whether the reference of a route in `namespace` is to this backend. */
export function isTo(ref: BackendRef, backend: Backend, namespace: string | undefined): boolean {
  return (
    ref.name === backend.name &&
    (ref.group ?? '') === (backend.group ?? '') &&
    (ref.kind ?? 'Service') === (backend.kind ?? 'Service') &&
    (ref.namespace ?? namespace) === (backend.namespace ?? namespace) &&
    (backend.port === undefined || ref.port === backend.port)
  );
}

/** The epoch that the annotation names; undefined when there is none, or none of ours. */
export function epochOf(route: RouteObject): number | undefined {
  const text = route.metadata.annotations?.[EPOCH];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Of `<release>@<epoch>`. */
export function tombstoneOf(route: RouteObject): { releaseId: string; epoch: number } | undefined {
  const found = /^(.+)@(\d{1,15})$/.exec(route.metadata.annotations?.[TOMBSTONE] ?? '');
  return found ? { releaseId: found[1]!, epoch: Number(found[2]) } : undefined;
}
