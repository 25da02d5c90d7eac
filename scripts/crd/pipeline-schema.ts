/**
 * The schema of the Pipeline resource: that of the document, and the rules that span fields. Those of
 * src/config/pipeline-rules.ts are said again here in CEL, each at the field that lint names or, inside a list, at the list:
 * a rule of CEL cannot name one item.
 */

import { SPANNING_RULES } from '../../src/config/kubernetes-rules.ts';
import { Pipeline } from '../../src/config/pipeline.ts';
import { PipelineStatus } from '../../src/kubernetes/resource-status.ts';
import { durationUpTo } from './bounds.ts';
import { addRules, celText, fieldAt, type Structural, structural } from './structural.ts';

const DAY_MS = 86_400_000;

export function pipelineSchema(): Structural {
  const document = structural(Pipeline);
  const spec = fieldAt(document, 'spec');
  addRules(
    spec,
    ...SPANNING_RULES.map(({ cel, message, at }) => ({ rule: cel, message, fieldPath: `.${at.join('.')}` })),
  );
  for (const field of ['timeout', 'suiteTimeout'])
    addRules(fieldAt(spec, 'test', field), {
      rule: `self.matches(${celText(durationUpTo(DAY_MS))})`,
      message: 'must be at most 24h',
    });
  fieldAt(spec, 'test', 'suites')['x-kubernetes-list-type'] = 'set';
  distinctBy(fieldAt(spec, 'regression', 'metrics'), 'name');
  stageRules(spec);
  const status = structural(PipelineStatus);
  distinctBy(fieldAt(status, 'conditions'), 'type');
  return resource(document, { spec, status });
}

/** apiVersion, kind and metadata are the API server's, which of metadata lets us say only what a name may be. */
export function resource(document: Structural, { spec, status }: { spec: Structural; status: Structural }): Structural {
  const { pattern } = document.properties?.['metadata']?.properties?.['name'] ?? {};
  const name = { type: 'string', pattern, maxLength: 63 };
  return {
    type: 'object',
    ...(document.description === undefined ? {} : { description: document.description }),
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object', ...(pattern === undefined ? {} : { properties: { name } }) },
      spec,
      status,
    },
  };
}

/** A list whose items are told apart by one field: the API server refuses two with the same. */
export function distinctBy(list: Structural, key: string): void {
  list['x-kubernetes-list-type'] = 'map';
  list['x-kubernetes-list-map-keys'] = [key];
}

function stageRules(spec: Structural): void {
  addRules(
    fieldAt(spec, 'rollout', 'stages'),
    {
      rule: 'self.map(s, s.weight).isSorted() && self.all(s, self.exists_one(t, t.weight == s.weight))',
      message: 'weights must rise from stage to stage',
    },
    {
      rule: 'self.size() == 0 || self[self.size() - 1].weight == 100',
      message: 'the last weight must be 100. Add a stage { weight: 100 }',
    },
  );
  // The default of `rollout` is judged before those within it are filled in.
  const whole = '!has(self.stages) || !has(self.stage)';
  const own = 'has(s.hold) || has(s.timeout)';
  const fits =
    'duration(has(s.hold) ? s.hold : self.stage.hold) <= duration(has(s.timeout) ? s.timeout : self.stage.timeout)';
  addRules(
    fieldAt(spec, 'rollout'),
    {
      rule: `${whole} || self.stages.all(s, !(${own}) || ${fits})`,
      message: 'the hold of a stage is longer than its timeout; raise timeout or shorten hold',
      fieldPath: '.stages',
    },
    {
      rule: `${whole} || self.stages.all(s, ${own}) || duration(self.stage.hold) <= duration(self.stage.timeout)`,
      message: 'the hold is longer than the timeout; raise timeout or shorten hold',
      fieldPath: '.stage',
    },
  );
}
