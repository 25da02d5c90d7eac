import { describe, expect, test } from 'vitest';
import { deployment, template } from './objects.test-support.ts';
import { hashOf, putBack, RESTARTED_AT, templateOf, versionOf } from './template.ts';

const annotated = (annotations: Record<string, string>) =>
  deployment({ template: { ...template(), metadata: { labels: { app: 'web' }, annotations } } });

describe('a version of a workload', () => {
  test('has this digest for ever: another one would start a release of everything at an upgrade of Spillway', () =>
    expect(
      versionOf(
        deployment({
          template: {
            metadata: {
              creationTimestamp: null,
              labels: { app: 'web', tier: 'front' },
              annotations: { [RESTARTED_AT]: '2026-01-01T00:00:00Z', team: 'shop' },
            },
            spec: { containers: [{ name: 'web', image: 'registry.example/web@sha256:00' }] },
          },
        }),
      ),
    ).toBe('sha256:030f6801ed41b7b6a9885c3a28f193e7284e242ea6f0422e89a4cb65cd38a422'));

  test('is not changed by a restart, by replicas or by labels of the Deployment', () => {
    const plain = versionOf(deployment());
    expect(versionOf(annotated({ [RESTARTED_AT]: 'now' }))).toBe(plain);
    expect(versionOf(deployment({ replicas: 9, paused: true }))).toBe(plain);
  });

  test.each([
    ['an image', deployment({ template: template('web:2') })],
    ['an annotation of the pods', annotated({ team: 'shop' })],
    ['a label of the pods', deployment({ template: { ...template(), metadata: { labels: { app: 'web', x: 'y' } } } })],
    ['any other field', deployment({ template: template('web:1', { topologySpreadConstraints: [] }) })],
  ])('is changed by %s', (_name, changed) => expect(versionOf(changed)).not.toBe(versionOf(deployment())));

  test('is stored without the mark of a restart, and leaves the Deployment as it is', () => {
    const given = annotated({ [RESTARTED_AT]: 'now', team: 'shop' });
    expect(templateOf(given)).toMatchObject({ metadata: { annotations: { team: 'shop' } } });
    expect(given.spec.template.metadata?.annotations).toHaveProperty([RESTARTED_AT]);
  });

  test('is put back with the mark that stands there, so that running pods stay', () => {
    const restarted = annotated({ [RESTARTED_AT]: 'now' });
    expect(putBack(templateOf(deployment()), restarted)).toEqual(restarted.spec.template);
    expect(putBack(templateOf(deployment()), deployment())).toEqual(template());
  });

  test('has a short name of ten digits', () => expect(hashOf(`sha256:0123456789abcdef`)).toBe('0123456789'));
});
