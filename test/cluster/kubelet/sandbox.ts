/**
 * Gives a container's process a root folder of its own when it has volumes: everything of the machine, with whatever is
 * written thrown away, and each volume at its mount path. The process keeps its id, so that signals reach it directly.
 * Network, users and process ids stay the machine's: this is for paths, not for safety.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { NotCreatable } from './environment.ts';
import type { Container } from './pod.ts';

/**
 * Arguments: scratch folder, working directory, then `source target` pairs, `--`, and the command. The upper layer is memory,
 * because an overlay cannot lie on another one, and inside a container the machine's own root is one. What is mounted on
 * the machine (/proc, /dev, …) does not show through an overlay and is bound again; /tmp stays shared, for tests to look into.
 * Mount paths are resolved inside the new root: /var/run is a link to /run, which from outside would be the machine's own.
 */
const ENTER = `
set -e
scratch=$1; directory=$2; shift 2
mount -t tmpfs -o mode=755 spillway "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mounts=$(awk '$5 != "/" { print $5 }' /proc/self/mountinfo | sort -u)
mount -t overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" spillway "$scratch/root"
last=
for mounted in $mounts /tmp; do
  case "$mounted" in "$scratch"*) continue ;; esac
  case "$mounted" in "$last"/*) [ -n "$last" ] && continue ;; esac
  mount --rbind "$mounted" "$scratch/root$mounted" && last=$mounted
done
while [ "$1" != -- ]; do
  target=$scratch/root$(chroot "$scratch/root" realpath -m "$2")
  if [ -d "$1" ]; then mkdir -p "$target"
  else mkdir -p "$(dirname "$target")"; touch "$target"; fi
  mount --bind "$1" "$target"
  shift 2
done
shift
exec chroot "$scratch/root" sh -c 'cd "$0" && exec "$@"' "$directory" "$@"
`;

/** The command line that runs `argv` with the container's volumes at their places. Not worth it when it has none. */
export function inSandbox(
  argv: readonly string[],
  container: Container,
  { folder, volumes, directory }: { folder: string; volumes: ReadonlyMap<string, string>; directory: string },
): string[] {
  const mounts = container.volumeMounts ?? [];
  const pairs = mounts.flatMap(({ name, mountPath, subPath = '' }) => {
    const volume = volumes.get(name);
    if (volume === undefined) throw new NotCreatable(`no volume ${name} for the mount ${mountPath}`);
    return [join(volume, subPath), mountPath];
  });
  const scratch = join(folder, `${container.name}.root`);
  mkdirSync(scratch, { recursive: true });
  return ['unshare', '-m', '--', 'sh', '-c', ENTER, 'container', scratch, directory, ...pairs, '--', ...argv];
}

/** The command line that runs `argv` where the process with this id is. */
export function beside(pid: number, argv: readonly string[]): string[] {
  return ['nsenter', '-t', String(pid), '-m', '-r', '-w', '--', ...argv];
}
