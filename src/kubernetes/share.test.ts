import { describe, expect, test } from 'vitest';
import { deployment, hpa } from './objects.test-support.ts';
import { replicasFor, scales, stableReplicas } from './share.ts';

describe('pods of a share', () => {
  test.each([
    [0, 4, 1],
    [1, 4, 1],
    [10, 4, 1],
    [20, 5, 1],
    [20, 10, 2],
    [25, 4, 1],
    [26, 4, 2],
    [50, 3, 2],
    [100, 3, 3],
    [50, 0, 1],
  ])('%i %% of %i is %i', (weight, stable, replicas) => expect(replicasFor(weight, stable)).toBe(replicas));

  test('are counted from what is asked of the Deployment, one where it asks for nothing', () => {
    expect(stableReplicas(deployment({ replicas: 7 }))).toBe(7);
    const { replicas: _, ...silent } = deployment().spec;
    expect(stableReplicas({ ...deployment(), spec: silent })).toBe(1);
  });

  test('are counted from the held count when an autoscaler has gone below it, and from more when it has gone above', () => {
    expect(stableReplicas(deployment({ replicas: 2 }), 5)).toBe(5);
    expect(stableReplicas(deployment({ replicas: 8 }), 5)).toBe(8);
  });
});

test('an autoscaler is that of the Deployment which it names', () => {
  expect(scales(hpa(), deployment())).toBe(true);
  expect(scales(hpa({ scaleTargetRef: { kind: 'StatefulSet', name: 'web' } }), deployment())).toBe(false);
  expect(scales(hpa(), deployment({}, 'api'))).toBe(false);
});
