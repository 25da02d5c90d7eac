import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { durationUpTo } from '../../scripts/crd/bounds.ts';
import { definitionFiles } from '../../scripts/crd/definitions.ts';
import { pipelineSchema } from '../../scripts/crd/pipeline-schema.ts';
import { fieldAt, type Structural, structural } from '../../scripts/crd/structural.ts';
import { durationMs } from '../config/duration.ts';
import { PositiveDuration } from '../config/fields.ts';
import { SPANNING_RULES } from '../config/kubernetes-rules.ts';

const definitions = Object.entries(definitionFiles()).map(([file, text]) => [file, parse(text)] as const);
const schemaOf = (definition: { spec: { versions: { schema: { openAPIV3Schema: Structural } }[] } }) =>
  definition.spec.versions[0]!.schema.openAPIV3Schema;

/** Every schema in it, with its path. */
function* fieldsOf(schema: Structural, path = ''): Generator<[string, Structural]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* fieldsOf(field, `${path}.${name}`);
  if (schema.items) yield* fieldsOf(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* fieldsOf(schema.additionalProperties, `${path}.*`);
}

describe.each(definitions)('%s', (_file, definition) => {
  const fields = [...fieldsOf(schemaOf(definition))];

  test('is structural: every field has a type, but for the unions, which keep what they are given', () => {
    const untyped = fields.filter(([, field]) => field.type === undefined);
    expect(untyped.every(([, field]) => field['x-kubernetes-preserve-unknown-fields'])).toBe(true);
    const unions = untyped.map(([path]) => path);
    expect(unions).toEqual(
      definition.spec.names.kind === 'Pipeline' ? ['.spec.rollout.bake', '.spec.rollback.triggers.errorRate'] : [],
    );
  });

  test('describes every field of ours', () => {
    const bare = fields.filter(([path, { description }]) => /\.(spec|status)\b.*\w$/.test(path) && !description);
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  test('has a status that is a subresource, whose conditions are told apart by type', () => {
    expect(definition.spec.versions[0].subresources).toEqual({ status: {} });
    expect(fieldAt(schemaOf(definition), 'status', 'conditions')).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    });
  });

  test('shows columns that exist', () => {
    const schema = schemaOf(definition);
    for (const { jsonPath } of definition.spec.versions[0].additionalPrinterColumns) {
      if (jsonPath.startsWith('.metadata')) continue;
      const path = jsonPath
        .replace(/\[\?.*?\]/, '.[]')
        .split('.')
        .slice(1);
      expect(() => fieldAt(schema, ...path), jsonPath).not.toThrow();
    }
  });
});

describe('the schema of Pipeline', () => {
  const spec = fieldAt(pipelineSchema(), 'spec');

  test('has every rule that spans fields, at the field that lint names', () => {
    const rules = spec['x-kubernetes-validations'] ?? [];
    for (const { at, cel, message } of SPANNING_RULES) {
      expect(rules).toContainEqual({ rule: cel, message, fieldPath: `.${at.join('.')}` });
      expect(() => fieldAt(spec, ...at)).not.toThrow();
    }
  });

  test('keeps defaults', () => {
    expect(fieldAt(spec, 'rollout', 'stages').default).toEqual([10, 25, 50, 100].map(weight => ({ weight })));
    expect(fieldAt(spec, 'rollback', 'sla').default).toBe('15s');
  });
});

describe('a structural schema', () => {
  test('says in CEL what the schema keeps in refinements', () => {
    const { 'x-kubernetes-validations': rules } = structural(PositiveDuration);
    expect(rules?.map(({ message }) => message)).toEqual(['must be longer than 0', 'must be at most 24 days (576h)']);
  });

  test('cannot be made of every union; that is seen when it is generated', () =>
    expect(() => structural(z.union([z.string(), z.number()]))).toThrow('a union that has no form'));

  test('has only bounds that numbers in JSON can have', () => {
    expect(structural(z.number().gt(0).max(1))).toMatchObject({ minimum: 0, exclusiveMinimum: true, maximum: 1 });
    expect(structural(z.int())).toEqual({ type: 'integer', format: 'int64' });
  });
});

test('the pattern for durations up to a bound matches exactly those', () => {
  const duration = fc
    .tuple(fc.integer({ min: 0, max: 9_999_999_999 }), fc.constantFrom('ms', 's', 'm', 'h'), fc.boolean())
    .map(([amount, unit, isPadded]) => `${isPadded ? String(amount).padStart(10, '0') : amount}${unit}`);
  fc.assert(
    fc.property(duration, fc.integer({ min: 3_600_000, max: 2_073_600_000 }), (text, maxMs) => {
      expect(new RegExp(durationUpTo(maxMs)).test(text)).toBe(durationMs(text) <= maxMs);
    }),
  );
  for (const unit of ['ms', 's', 'm', 'h'] as const) {
    const max = 86_400_000 / durationMs(`1${unit}`);
    expect([max - 1, max, max + 1].map(n => new RegExp(durationUpTo(86_400_000)).test(`${n}${unit}`))).toEqual([
      true,
      true,
      false,
    ]);
  }
});
