/**
 * A pod's volumes as folders: emptyDir, configMap, secret, downwardAPI, projected (with a service account's token), hostPath,
 * and a claim as a folder that outlives the pod. Written once, when the pod starts: later changes are not carried over.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entriesOf, type Facts, fieldOf, NotCreatable, type Read } from './environment.ts';
import type { KeyPath, Pod, Volume, VolumeSource } from './pod.ts';

export interface VolumeWorld {
  /** The pod's own folder. */
  folder: string;
  /** Where claims live, for the whole cluster. */
  claims: string;
  facts: Facts;
  read: Read;
  /** A token of the pod's service account. */
  token(audience: string | undefined, expirationSeconds: number | undefined): Promise<string>;
}

/** @returns the folder of each volume, by name */
export async function makeVolumes(pod: Pod, world: VolumeWorld): Promise<Map<string, string>> {
  const folders = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) folders.set(volume.name, await makeVolume(pod, volume, world));
  return folders;
}

async function makeVolume(pod: Pod, volume: Volume, world: VolumeWorld): Promise<string> {
  if (volume.hostPath) return volume.hostPath.path;
  if (volume.persistentVolumeClaim) {
    const claim = join(world.claims, pod.metadata.namespace!, volume.persistentVolumeClaim.claimName);
    mkdirSync(claim, { recursive: true });
    return claim;
  }
  const folder = join(world.folder, 'volumes', volume.name);
  mkdirSync(folder, { recursive: true });
  const sources = volume.projected ? (volume.projected.sources ?? []) : volume.emptyDir ? [] : [volume];
  for (const source of sources)
    for (const [path, content] of await filesOf(pod, source, world)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
  return folder;
}

type Files = [path: string, content: Buffer | string][];

async function filesOf(pod: Pod, source: VolumeSource, world: VolumeWorld): Promise<Files> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap)
    return chosen(
      await entriesOf('configmaps', { ...configMap, name: configMap.name ?? '' }, world.read),
      configMap.items,
    );
  if (secret) {
    const name = secret.secretName ?? secret.name ?? '';
    return chosen(await entriesOf('secrets', { ...secret, name }, world.read), secret.items);
  }
  if (downwardAPI)
    return (downwardAPI.items ?? []).map(({ path, fieldRef }) => [
      path,
      fieldOf(pod, fieldRef?.fieldPath ?? '', world.facts),
    ]);
  if (serviceAccountToken) {
    const { audience, expirationSeconds, path } = serviceAccountToken;
    return [[path, await world.token(audience, expirationSeconds)]];
  }
  throw new NotCreatable(`a volume of this kind is not supported here: ${Object.keys(source).join(', ')}`);
}

function chosen(entries: Record<string, Buffer>, items: readonly KeyPath[] | undefined): Files {
  if (!items) return Object.entries(entries);
  return items.map(({ key, path }) => {
    const content = entries[key];
    if (content === undefined) throw new NotCreatable(`references non-existent config key: ${key}`);
    return [path, content];
  });
}
