import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The architecture, top to bottom in the order data flows. Every room may also use `errors`; what is not listed is not allowed. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  errors: [],
  clock: [],
  stats: [],
  config: [],
  analysis: ['stats', 'config'],
  rollout: ['analysis:type', 'config'],
  suite: ['config', 'analysis:type', 'clock'],
  metrics: ['config', 'stats', 'analysis:type', 'clock'],
  store: ['rollout:type', 'config', 'clock'],
  kube: ['clock'],
  traffic: ['config', 'store', 'kube', 'clock'],
  controller: ['config', 'suite', 'metrics', 'stats', 'analysis', 'rollout', 'traffic', 'store', 'clock'],
  kubernetes: ['controller', 'rollout', 'traffic', 'metrics', 'store', 'config', 'kube', 'analysis:type', 'clock'],
  server: ['store', 'controller', 'traffic', 'metrics', 'rollout', 'analysis', 'config', 'clock', 'sdk:type'],
  cli: ['*'],
};
const PURE = ['stats', 'analysis', 'rollout'];
const IMPURE =
  /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.(?:env|argv|hrtime|uptime|cwd|pid|on|exit|std|memoryUsage|cpuUsage|platform|version)|globalThis\.)/;

const src = import.meta.dirname;
const sdk = resolve(src, '../sdk/src');

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !/\.(test|contract|test-support)\.ts$/.test(name))
    .map(name => join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?'([^']+)'|import\('([^']+)'\)/g,
  );
  return [...found].map(match => ({ from: file, to: match[3] ?? match[4] ?? '', typeOnly: match[2] !== undefined }));
}

function roomOf(file: string): string {
  if (file.startsWith(sdk)) return 'sdk';
  const [first = ''] = relative(src, file).split('/');
  return first.replace(/\.ts$/, '');
}

function violation(found: Import): string | undefined {
  const from = roomOf(found.from);
  const where = `${relative(src, found.from)} imports ${found.to}`;
  if (!found.to.startsWith('.')) {
    if (from === 'sdk' && !found.to.startsWith('node:')) return `${where}: the SDK has no dependencies`;
    if (PURE.includes(from)) return `${where}: a pure room imports nothing from outside`;
    return undefined;
  }
  const to = roomOf(resolve(dirname(found.from), found.to));
  if (from === to || to === 'errors') return from === 'sdk' && to === 'errors' ? where : undefined;
  const allowed = MAY_IMPORT[from] ?? [];
  if (allowed.includes('*') || allowed.includes(to)) return undefined;
  return allowed.includes(`${to}:type`) && found.typeOnly ? undefined : where;
}

describe('the rooms', () => {
  const files = [...sources(src), ...sources(sdk)];

  test('import only what the table allows', () => {
    expect(files.flatMap(importsOf).map(violation).filter(Boolean)).toEqual([]);
  });

  test('that are pure read no clock, randomness or environment', () => {
    const impure = files
      .filter(file => PURE.includes(roomOf(file)))
      .filter(file => IMPURE.test(readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*|from '.*'/g, '')));
    expect(impure.map(file => relative(src, file))).toEqual([]);
  });

  test('hold no file of more than 400 lines', () => {
    const long = files.filter(file => readFileSync(file, 'utf8').split('\n').length > 400);
    expect(long.map(file => relative(src, file))).toEqual([]);
  });
});
