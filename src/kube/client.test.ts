import { expect, test } from 'vitest';
import { kubeClient } from './client.ts';

test.each([
  ['a certificate', { cert: 'no certificate' }],
  ['a key', { key: 'no key: hunter2' }],
])('%s that cannot be read is said at once, and not shown', (_what, wrong) => {
  const open = () => kubeClient({ server: 'https://127.0.0.1:1', ...wrong });
  expect(open).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(open).not.toThrow(/hunter2/);
});
