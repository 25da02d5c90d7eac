/**
 * Turns a document schema into a structural schema, the only kind that a custom resource may have: every field with one type,
 * no `additionalProperties: false` (the API server prunes what is unknown, and refuses it where the client asks for that),
 * refinements as CEL. Unions have no structural form and no CEL, so what they allow is said in plain bounds.
 */
import { z } from 'zod';
import { type Bound, boundsOf, LONGEST_TEXT } from './bounds.ts';

export interface CelRule {
  rule: string;
  message: string;
  fieldPath?: string;
}

export interface Structural {
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, Structural>;
  items?: Structural;
  additionalProperties?: Structural;
  required?: string[];
  'x-kubernetes-validations'?: CelRule[];
  'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  'x-kubernetes-list-map-keys'?: string[];
  [keyword: string]: unknown;
}

interface Json extends Record<string, unknown> {
  type?: string;
  description?: string;
  properties?: Record<string, Json>;
  items?: Json;
  additionalProperties?: Json | boolean;
  anyOf?: Json[];
  pattern?: string;
  /** Ours, on the way from the schema to here. */
  bounds?: Bound[];
}

export function structural(schema: z.ZodType): Structural {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type !== 'string') return;
      const bounds = boundsOf(zodSchema, jsonSchema.pattern);
      if (bounds.length > 0) (jsonSchema as Json).bounds = bounds;
    },
  });
  return convert(json as Json);
}

/** The schema of the field at this path, to say more about it; `[]` stands for the items of a list. */
export function fieldAt(schema: Structural, ...path: string[]): Structural {
  return path.reduce((at, name) => {
    const found = name === '[]' ? at.items : at.properties?.[name];
    if (!found) throw new Error(`no field ${path.join('.')}`);
    return found;
  }, schema);
}

export function addRules(schema: Structural, ...rules: CelRule[]): void {
  schema['x-kubernetes-validations'] = [...(schema['x-kubernetes-validations'] ?? []), ...rules];
}

function convert(json: Json): Structural {
  if (json.anyOf) return unionOf(json, json.anyOf);
  if (Array.isArray(json.type)) throw formless(json);
  const field = plain(json);
  if (!json.bounds) return field;
  const rules = json.bounds.map(({ pattern, message }) => ({ rule: `self.matches(${celText(pattern)})`, message }));
  return { ...field, maxLength: LONGEST_TEXT, 'x-kubernetes-validations': rules };
}

/** A literal of CEL in which a backslash is a backslash. */
export const celText = (text: string) => `r'${text}'`;

function plain(json: Json): Structural {
  const {
    $schema: _1,
    propertyNames: _2,
    bounds: _3,
    anyOf: _4,
    properties,
    items,
    additionalProperties,
    ...rest
  } = json;
  const field: Structural = { ...rest };
  if (rest['const'] !== undefined) {
    delete field['const'];
    field['enum'] = [rest['const']];
  }
  if (typeof rest['exclusiveMinimum'] === 'number') {
    field['minimum'] = rest['exclusiveMinimum'];
    field['exclusiveMinimum'] = true;
  }
  // Every integer of JavaScript has these bounds: they say nothing of ours.
  if (rest['maximum'] === Number.MAX_SAFE_INTEGER) delete field['maximum'];
  if (rest['minimum'] === Number.MIN_SAFE_INTEGER) delete field['minimum'];
  if (rest.type === 'integer') field['format'] = 'int64';
  if (properties) field.properties = mapValues(properties, convert);
  if (items) field.items = convert(items);
  if (typeof additionalProperties === 'object') field.additionalProperties = convert(additionalProperties);
  return field;
}

/**
 * A text or a mapping, a mapping or `false`. Without a type nothing but bounds of each kind can be said: a kind that is not
 * allowed gets bounds that nothing meets. Unknown fields are not pruned here, so the sets of fields are listed.
 */
function unionOf(json: Json, forms: Json[]): Structural {
  const { description, default: value } = json;
  const text = forms.find(({ type }) => type === 'string');
  const mapping = forms.find(({ type }) => type === 'object');
  const allowed = forms.filter(({ type }) => type === 'boolean').map(form => form['const']);
  if (!mapping?.properties || forms.length !== Number(Boolean(text)) + 1 + allowed.length) throw formless(json);
  const names = Object.keys(mapping.properties);
  return {
    ...(description === undefined ? {} : { description }),
    ...(value === undefined ? {} : { default: value }),
    'x-kubernetes-preserve-unknown-fields': true,
    properties: mapValues(mapping.properties, withinUnion),
    ...(text ? withoutType(withinUnion(text)) : { minLength: 1, maxLength: 0 }),
    minimum: 1,
    maximum: 0,
    minItems: 1,
    maxItems: 0,
    not: { enum: [true, false].filter(one => !allowed.includes(one)) },
    anyOf: subsetsOf(names).map(required => ({
      maxProperties: required.length,
      ...(required.length > 0 ? { required } : {}),
    })),
  };
}

const formless = (json: Json) => new Error(`a union that has no form in a custom resource: ${JSON.stringify(json)}`);

/** The bound takes the place of the pattern that it is a part of. */
function withinUnion(json: Json): Structural {
  const [bound, ...others] = json.bounds ?? [];
  if (others.length > 0) throw new Error(`a text of a union with two bounds: ${JSON.stringify(json)}`);
  return { ...plain(json), ...(bound ? { pattern: bound.pattern, maxLength: LONGEST_TEXT } : {}) };
}

function withoutType({ type: _, description: __, ...rest }: Structural): Structural {
  return rest;
}

/** Every choice of names, the empty one first. */
function subsetsOf([first, ...rest]: readonly string[]): string[][] {
  if (first === undefined) return [[]];
  const without = subsetsOf(rest);
  return [...without, ...without.map(names => [first, ...names])];
}

function mapValues<From, To>(record: Record<string, From>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]));
}
