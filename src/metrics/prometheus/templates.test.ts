import { describe, expect, test } from 'vitest';
import { selector } from './promql.ts';
import {
  envoyGatewayBackend,
  istioWorkload,
  nginxCanary,
  SHAPES,
  type TemplateName,
  templateQueries,
  traefikService,
} from './templates.ts';

describe('a ready template', () => {
  test('of Traefik counts by the service that it makes of a backend', () => {
    const backend = (service: string) => traefikService({ namespace: 'shop', service, port: 8080 });
    const queries = templateQueries('traefik', { baseline: backend('web'), candidate: backend('web.canary') });
    expect(queries.candidate).toEqual({
      requests: 'traefik_service_requests_total{service="shop-web-canary-http-8080@kubernetesgateway"}',
      errors:
        'traefik_service_requests_total{service="shop-web-canary-http-8080@kubernetesgateway",code=~"5..|4|12|13|14|15"}',
      histograms: {
        latency:
          'traefik_service_request_duration_seconds_bucket{service="shop-web-canary-http-8080@kubernetesgateway"}',
      },
    });
  });

  test('of Traefik has other names for the backends of a GRPCRoute', () =>
    expect(traefikService({ namespace: 'shop', service: 'web.canary', port: 8080, isGrpc: true })).toEqual({
      service: 'shop-web-canary-8080-grpc@kubernetesgateway',
    }));

  test('of GenAI counts output tokens beside the durations, also in native histograms', () => {
    const version = (value: string) => ({ service_version: value });
    const arms = { baseline: version('1'), candidate: version('2') };
    expect(templateQueries('genAi', arms).candidate.histograms).toEqual({
      latency: 'gen_ai_client_operation_duration_seconds_bucket{service_version="2"}',
      tokens: 'gen_ai_client_token_usage_bucket{service_version="2",gen_ai_token_type="output"}',
    });
    expect(templateQueries('genAi', arms, { native: true }).candidate).toEqual({
      requests: 'gen_ai_client_operation_duration_seconds{service_version="2"}',
      errors: 'gen_ai_client_operation_duration_seconds{service_version="2",error_type!=""}',
      histograms: {
        latency: 'gen_ai_client_operation_duration_seconds{service_version="2"}',
        tokens: 'gen_ai_client_token_usage{service_version="2",gen_ai_token_type="output"}',
      },
    });
  });

  test('of NGINX tells the canary by its upstream, and the baseline by having none', () => {
    const arms = nginxCanary(
      { namespace: 'shop', ingress: 'web' },
      { namespace: 'shop', service: 'web-canary', port: 80 },
    );
    const { baseline, candidate } = templateQueries('nginxIngress', arms);
    expect(baseline.requests).toContain('canary=""');
    expect(candidate.requests).toContain('canary="shop-web-canary-80"');
  });

  test('counts at one end of a mesh, and names a backend of Envoy Gateway by its place', () => {
    expect(istioWorkload({ namespace: 'shop', workload: 'web' })).toMatchObject({ reporter: 'destination' });
    expect(envoyGatewayBackend({ namespace: 'shop', route: 'web', rule: 0, backend: 1 })).toEqual({
      envoy_cluster_name: 'httproute/shop/web/rule/0/backend/1',
    });
  });

  test.each(Object.keys(SHAPES) as TemplateName[])('%s refuses arms that are the same', name => {
    const same = { job: 'web' };
    expect(() => templateQueries(name, { baseline: same, candidate: same })).toThrow('nothing tells them apart');
  });
});

describe('a selector', () => {
  test.each<[string, string]>([
    ['a quote', 'a"} or vector(1) #'],
    ['a backslash before a quote', 'a\\"'],
    ['a new line', 'a\nb'],
  ])('keeps %s inside the value', (_name, value) => {
    const written = selector('up', { job: value });
    expect(JSON.parse(written.slice('up{job='.length, -1))).toBe(value);
  });

  test.each(['', '1a', 'a-b', 'a="x",b', 'a.b'])('refuses the label %j', name => {
    expect(() => selector('up', { [name]: 'x' })).toThrow(RangeError);
  });
});
