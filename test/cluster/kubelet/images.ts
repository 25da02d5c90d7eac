/**
 * An image stands for a command here: nothing is pulled. What stands for what is the ConfigMap `images` in `kube-system`, whose
 * `images.json` maps image names, with or without a tag, to command lines. Every image whose name begins with `missing/` cannot
 * be pulled, for tests of what happens then.
 */
import { NotCreatable, type Read } from './environment.ts';
import type { Container } from './pod.ts';

export const IMAGES = { namespace: 'kube-system', name: 'images', key: 'images.json' };

/** @param read reads in the namespace of the ConfigMap */
export async function commandOf({ name, image, command, args = [] }: Container, read: Read): Promise<string[]> {
  if (/(^|\/)missing\//.test(image))
    throw new NotCreatable(`failed to pull image "${image}": not found`, 'ErrImagePull');
  if (command) return [...command, ...args];
  const known = await read('configmaps', IMAGES.name);
  const commands = JSON.parse(known?.['data']?.[IMAGES.key] ?? '{}') as Record<string, string[]>;
  const entrypoint = commands[image] ?? commands[withoutTag(image)];
  if (entrypoint) return [...entrypoint, ...args];
  throw new NotCreatable(
    `container ${name} has no command, and ConfigMap ${IMAGES.namespace}/${IMAGES.name} has none for ${image}`,
    'CreateContainerError',
  );
}

/** `registry:5000/a/b:v1@sha256:…` is `registry:5000/a/b`. */
export function withoutTag(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}
