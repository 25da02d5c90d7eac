/** Objects for tests of the candidate, as an API server returns them: defaults filled in, so that a test names what it is about. */
import type {
  Deployment,
  HorizontalPodAutoscaler,
  LabelSelector,
  NetworkPolicy,
  Pod,
  PodTemplate,
  Service,
} from './objects.ts';

export const NAMESPACE = 'shop';
export const V1 = 'sha256:aaaaaaaaaa11111111111111111111111111111111111111111111111111111111';
export const V2 = 'sha256:bbbbbbbbbb22222222222222222222222222222222222222222222222222222222';

export function template(image = 'web:1', change: Partial<PodTemplate['spec']> = {}): PodTemplate {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image }], ...change },
  };
}

export function deployment(change: Partial<Deployment['spec']> = {}, name = 'web'): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: NAMESPACE, generation: 1 },
    spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template: template(), ...change },
  };
}

export function service(change: Partial<Service['spec']> = {}, name = 'web'): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { type: 'ClusterIP', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...change },
  };
}

export function pod(status: NonNullable<Pod['status']>, name = 'web-candidate-1'): Pod {
  return { metadata: { name, namespace: NAMESPACE }, status };
}

export function hpa(spec: Partial<HorizontalPodAutoscaler['spec']> = {}): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 10, ...spec },
  };
}

export function networkPolicy(spec: NetworkPolicy['spec'], name = 'web'): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: NAMESPACE },
    spec,
  };
}

export const app = (value: string): LabelSelector => ({ matchLabels: { app: value } });
