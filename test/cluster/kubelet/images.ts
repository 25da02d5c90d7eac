/**
 * An image stands for a command here: nothing is pulled. What stands for what is in the ConfigMap `images` in `kube-system`, each
 * of whose entries is a JSON object from image names to command lines; the last part of a name is enough, without a tag.
 * Every image whose name begins with `missing/` cannot be pulled, for tests of what happens then.
 */
import { NotCreatable, type Read } from './environment.ts';
import type { Container } from './pod.ts';

export const IMAGES = { namespace: 'kube-system', name: 'images' };

/** @param read reads in the namespace of the ConfigMap */
export async function commandOf({ name, image, command, args = [] }: Container, read: Read): Promise<string[]> {
  if (/(^|\/)missing\//.test(image))
    throw new NotCreatable(`failed to pull image "${image}": not found`, 'ErrImagePull');
  if (command) return [...command, ...args];
  const entries = Object.values<string>((await read('configmaps', IMAGES.name))?.['data'] ?? {});
  const commands: Record<string, string[]> = Object.assign({}, ...entries.map(entry => JSON.parse(entry)));
  const bare = withoutTag(image);
  const entrypoint = commands[image] ?? commands[bare] ?? commands[bare.split('/').at(-1)!];
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
