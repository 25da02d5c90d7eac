import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheFolder, keep, locate, lockCache } from './cache.ts';
import { stampOf, TOOLS, type Tool, toolsFor } from './tools.ts';

const etcd = TOOLS.find(({ name }) => name === 'etcd') as Tool;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  vi.stubEnv('XDG_CACHE_HOME', home);
  vi.stubEnv('KUBEBUILDER_ASSETS', '');
  mkdirSync(cacheFolder(), { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

function program(path: string): string {
  writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 });
  return path;
}

test('a program that was built is found, and nothing else under its name', () => {
  const cached = join(cacheFolder(), 'etcd');
  program(cached);
  expect(locate(etcd)).toBeUndefined();
  keep(etcd, program(join(cacheFolder(), '.etcd.new')));
  expect(locate(etcd)).toBe(cached);
});

test('a program of another version is built again', () => {
  keep(etcd, program(join(cacheFolder(), '.etcd.new')));
  expect(locate({ ...etcd, version: 'v9' })).toBeUndefined();
  expect(stampOf({ ...etcd, variables: { 'main.version': 'x' } })).not.toBe(stampOf(etcd));
});

test('KUBEBUILDER_ASSETS comes first, for what envtest brings', () => {
  vi.stubEnv('KUBEBUILDER_ASSETS', home);
  program(join(home, 'etcd'));
  program(join(home, 'traefik'));
  expect(locate(etcd)).toBe(join(home, 'etcd'));
  expect(locate(TOOLS.find(({ name }) => name === 'traefik') as Tool)).toBeUndefined();
});

test('a second builder waits until the first is done', async () => {
  const events: string[] = [];
  const unlock = await lockCache(() => events.push('nobody is there'));
  const second = lockCache(() => {
    events.push('second waits');
    unlock();
  });
  (await second)();
  expect(events).toEqual(['second waits']);
});

test('every Go program has its sums', () => {
  for (const { module } of TOOLS)
    if (module) expect(readFileSync(join(import.meta.dirname, module, 'go.sum'), 'utf8')).toContain('h1:');
});

test('what only some tests need is built only where those may run', () => {
  const namesFor = (...command: string[]) => toolsFor(command).map(({ name }) => name);
  expect(namesFor('kubectl', 'get', 'nodes')).not.toContain('argocd');
  expect(namesFor('vitest', 'run', 'test/cluster/gateway.test.ts')).not.toContain('argocd');
  const one = namesFor('npx', 'vitest', 'run', 'test/cluster/gitops-argocd.test.ts');
  expect(one).toContain('argocd');
  expect(one).not.toContain('kustomize-controller');
  expect(namesFor('vitest', 'run', '--project', 'cluster')).toEqual(TOOLS.map(({ name }) => name));
});
