/** How many pods a share of the traffic needs. Pure. */
import type { Deployment, HorizontalPodAutoscaler } from './objects.ts';

/**
 * Rounded up, so that no pod of the candidate has more to carry than one of the stable ones; at least one, whatever the weight.
 * @param weight percent, 0 to 100
 */
export function replicasFor(weight: number, stable: number): number {
  return Math.max(1, Math.ceil((stable * weight) / 100));
}

/**
 * In what number the stable pods carry all of the traffic: what is asked of the Deployment, and not less than the count at which
 * an autoscaler is held, since it would otherwise fall with the traffic that moves away.
 */
export function stableReplicas({ spec }: Deployment, held?: number): number {
  return Math.max(spec.replicas ?? 1, held ?? 0);
}

export function scales(hpa: HorizontalPodAutoscaler, deployment: Deployment): boolean {
  const { kind, name } = hpa.spec.scaleTargetRef;
  return (
    kind === 'Deployment' &&
    name === deployment.metadata.name &&
    hpa.metadata.namespace === deployment.metadata.namespace
  );
}
