/** What images stand for from the start: Spillway's own is this checkout, from source. Tests add theirs. */
import { join } from 'node:path';
import type { Api } from '../client/api.ts';
import { IMAGES } from '../kubelet/images.ts';

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');

export async function installImages(api: Api): Promise<void> {
  const spillway = JSON.stringify({ spillway: [process.execPath, MAIN] });
  await api.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...IMAGES }, data: { spillway } });
}
