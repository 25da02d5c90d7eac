import { describe, expect, test } from 'vitest';
import { type AppDeps, app } from './app.ts';
import { RAW_ROUTES } from './listener.ts';
import { OPERATIONS } from './openapi.ts';
import { testServer } from './server.test-support.ts';

describe('/openapi.json', () => {
  test('names every route that there is, and none that is not', () => {
    const routes = app({ rawRoutes: RAW_ROUTES } as unknown as AppDeps).routes.filter(({ method }) => method !== 'ALL');
    const served = [...routes, ...RAW_ROUTES].map(({ method, path }) => `${method} ${path}`);
    const described = OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(described.sort()).toEqual([...new Set(served)].sort());
  });

  test('carries the schemas that requests are checked against', async () => {
    const { call } = await testServer();
    const { status, json } = await call('GET', '/openapi.json');
    expect([status, json.openapi]).toEqual([200, '3.1.0']);
    const rollback = json.paths['/api/v1/releases/{id}/rollback'].post;
    expect(rollback.requestBody.content['application/json'].schema).toMatchObject({
      required: ['reason'],
      additionalProperties: false,
    });
    expect(rollback.parameters.map((one: { name: string }) => one.name)).toEqual(['id', 'Idempotency-Key']);
    const query = json.paths['/api/v1/releases'].get.parameters.map((one: { name: string }) => one.name);
    expect(query).toEqual(['active', 'artifact', 'cursor', 'limit']);
  });
});
