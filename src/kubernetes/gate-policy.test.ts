import { describe, expect, test } from 'vitest';
import { gatePolicies } from './gate-policy.ts';

/** What each expression does is held to a real API server in test/cluster/gate.test.ts. */
describe('the policies of the gate', () => {
  const objects = gatePolicies('system:serviceaccount:spillway:cicd-pipeline');
  const policies = objects.filter(({ kind }) => kind.endsWith('Policy'));

  test('have a binding each, without which a policy does nothing', () => {
    const bound = objects.filter(({ kind }) => kind.endsWith('Binding')).map(({ kind, spec }) => [kind, spec]);
    expect(bound).toEqual(
      policies.map(({ kind, metadata }) => [`${kind}Binding`, expect.objectContaining({ policyName: metadata.name })]),
    );
  });

  test('fail closed', () => {
    for (const { spec } of policies) expect(spec).toMatchObject({ failurePolicy: 'Fail' });
  });

  test('exempt the controller by its whole name, but for who gave a command, where nobody is exempt', () => {
    const exempting = policies.filter(({ spec }) =>
      JSON.stringify(spec).includes("request.userInfo.username != 'system:serviceaccount:spillway:cicd-pipeline'"),
    );
    expect(exempting.map(({ metadata }) => metadata.name)).toEqual(['spillway-gate', 'spillway-held']);
  });

  test('leave scaling alone: no subresource is matched', () => {
    const matched = policies.flatMap(({ spec }) =>
      (
        spec as { matchConstraints: { resourceRules: { resources: string[] }[] } }
      ).matchConstraints.resourceRules.flatMap(rule => rule.resources),
    );
    expect(new Set(matched)).toEqual(new Set(['deployments', 'pipelines']));
  });
});
