/** The fields of a JSON Schema as rows of a Markdown table, nested ones by their path. */

export interface JsonSchema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  additionalProperties?: boolean | JsonSchema;
}

/** With its head. */
export function tableOf(schema: JsonSchema): string[] {
  return ['| field | type | default | description |', '| --- | --- | --- | --- |', ...rowsOf(schema, '')];
}

function rowsOf(schema: JsonSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const shown = schema.required?.includes(name) ? `**\`${path}\`**` : `\`${path}\``;
    const nested = [field, ...(field.anyOf ?? [])].flatMap(form => [
      ...rowsOf(form, `${path}.`),
      ...(form.items ? rowsOf(form.items, `${path}[].`) : []),
    ]);
    return [`| ${shown} | ${typeOf(field)} | ${defaultOf(field)} | ${cell(field.description ?? '')} |`, ...nested];
  });
}

function typeOf(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map(value => `\`${value}\``).join(', ');
  if (schema.pattern?.includes('ms|s|m|h')) return 'duration';
  if (schema.pattern?.includes('%')) return 'percentage';
  if (schema.type === 'array') return `list${schema.items ? ` of ${typeOf(schema.items)}` : ''}`;
  const names: Record<string, string> = {
    string: 'text',
    integer: 'whole number',
    boolean: 'true or false',
    object: 'mapping',
  };
  const types = [schema.type ?? 'any'].flat();
  return types.map(type => names[type] ?? type).join(' or ');
}

function defaultOf({ default: value }: JsonSchema): string {
  if (value === undefined || value === '' || JSON.stringify(value) === '{}') return '';
  return `\`${cell(typeof value === 'string' ? value : JSON.stringify(value))}\``;
}

export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
