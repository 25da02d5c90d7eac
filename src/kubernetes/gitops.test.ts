import { describe, expect, test } from 'vitest';
import { labelsToCopy, ownerOf, whyNotReverted } from './gitops.ts';

const marked = (labels = {}, annotations = {}) => ({ metadata: { name: 'web', labels, annotations } });

describe('the owner of an object', () => {
  test.each([
    ['Argo CD', marked({ 'argocd.argoproj.io/instance': 'shop' })],
    ['Argo CD', marked({}, { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/web' })],
    ['Flux', marked({ 'kustomize.toolkit.fluxcd.io/name': 'shop' })],
    ['Flux', marked({ 'helm.toolkit.fluxcd.io/name': 'shop', 'app.kubernetes.io/managed-by': 'Helm' })],
    ['Helm', marked({ 'app.kubernetes.io/managed-by': 'Helm' })],
    ['Helm', marked({}, { 'meta.helm.sh/release-name': 'shop' })],
    [undefined, marked({ 'app.kubernetes.io/instance': 'shop' })],
  ])('is %s by its marks', (owner, object) => expect(ownerOf(object)).toBe(owner));
});

describe('a template', () => {
  const on = { revertTemplate: true };
  test.each([
    ['nobody', marked(), undefined],
    ['Helm', marked({ 'app.kubernetes.io/managed-by': 'Helm' }), undefined],
    ['Argo CD', marked({ 'argocd.argoproj.io/instance': 'shop' }), /^Argo CD owns/],
    ['Flux', marked({ 'kustomize.toolkit.fluxcd.io/name': 'shop' }), /^Flux owns/],
  ])('owned by %s is put back, unless it would be written again', (_owner, object, why) => {
    if (why === undefined) expect(whyNotReverted(object, on)).toBeUndefined();
    else expect(whyNotReverted(object, on)).toMatch(why);
  });

  test('stays where the pipeline says so', () =>
    expect(whyNotReverted(marked(), { revertTemplate: false })).toBe('`revertTemplate` is off'));
});

test('a copy does not carry the marks by which a tool would prune it', () =>
  expect(
    labelsToCopy({
      app: 'web',
      'app.kubernetes.io/instance': 'shop',
      'argocd.argoproj.io/instance': 'shop',
      'kustomize.toolkit.fluxcd.io/namespace': 'flux',
      'helm.sh/chart': 'web-1',
    }),
  ).toEqual({ app: 'web' }));
