/**
 * The definitions of the custom resources, as `chart/crds` holds them: names, columns of `kubectl get`, and the schemas. The
 * columns are the story in one line; what is long is shown by `-o wide`.
 */
import { stringify } from 'yaml';
import { API_VERSION } from '../../src/config/fields.ts';
import { ReleaseSpec, ReleaseStatus } from '../../src/kubernetes/resource-status.ts';
import { distinctBy, pipelineSchema, resource } from './pipeline-schema.ts';
import { addRules, fieldAt, type Structural, structural } from './structural.ts';

interface Column {
  name: string;
  type: 'string' | 'integer' | 'date' | 'boolean';
  jsonPath: string;
  description?: string;
  /** Shown with `-o wide` only. */
  priority?: 1;
}

const [GROUP = '', VERSION = ''] = API_VERSION.split('/');
const HEAD = '# Generated from the schemas by `npm run generate`; do not edit.\n';
const READY = ".status.conditions[?(@.type=='Ready')]";
const AGE: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const text = (name: string, jsonPath: string, priority?: 1): Column => ({
  name,
  type: 'string',
  jsonPath,
  ...(priority ? { priority } : {}),
});
const weight: Column = { name: 'Weight', type: 'integer', jsonPath: '.status.weight', description: 'Percent.' };

/** Path from the root of the repository → text. */
export function definitionFiles(): Record<string, string> {
  const pipelines = definition('Pipeline', 'spl', pipelineSchema(), [
    text('Phase', '.status.phase'),
    text('Stage', '.status.stage'),
    weight,
    text('Verdict', '.status.verdict.kind'),
    text('Candidate', '.status.candidate.name'),
    text('Reason', `${READY}.reason`),
    AGE,
    text('Baseline', '.status.baseline.name', 1),
    text('Gate', '.status.gate', 1),
    text('Message', `${READY}.message`, 1),
  ]);
  const releases = definition('Release', 'srel', releaseSchema(), [
    text('Pipeline', '.spec.pipeline'),
    text('Candidate', '.status.candidate.name'),
    text('Phase', '.status.phase'),
    weight,
    text('Verdict', '.status.verdict.kind'),
    text('Rollback', '.status.rollback.trigger'),
    AGE,
    text('Why', '.status.rollback.reason', 1),
  ]);
  return { 'chart/crds/pipelines.yaml': pipelines, 'chart/crds/releases.yaml': releases };
}

function releaseSchema(): Structural {
  const spec = structural(ReleaseSpec);
  addRules(spec, { rule: 'self == oldSelf', message: 'is a record of what was; it cannot change' });
  const status = structural(ReleaseStatus);
  distinctBy(fieldAt(status, 'conditions'), 'type');
  const description = 'One attempt to bring one version into service: a record that Spillway keeps, never a wish.';
  return resource({ description }, { spec, status });
}

function definition(kind: string, shortName: string, schema: Structural, columns: Column[]): string {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  const version = {
    name: VERSION,
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: columns,
    schema: { openAPIV3Schema: schema },
  };
  const object = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}`, labels: { 'app.kubernetes.io/part-of': 'spillway' } },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      // `pipelines` is also Tekton's: the short name and `pipelines.spillway.dev` always mean ours.
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName], categories: ['spillway'] },
      versions: [version],
    },
  };
  return HEAD + stringify(object, { lineWidth: 120, aliasDuplicateObjects: false });
}
