/** Small disks for tests of full and read-only ones: a tmpfs, which takes root; where it cannot be had, tests say so. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TinyDisk {
  folder: string;
  /** Only while no file on it is open for writing. */
  makeReadonly(): void;
  end(): void;
}

export function tinyDisk(bytes: number): TinyDisk {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return {
    folder,
    makeReadonly: () => void execFileSync('mount', ['-o', 'remount,ro', folder], { stdio: 'pipe' }),
    end() {
      execFileSync('umount', ['-l', folder], { stdio: 'pipe' });
      rmSync(folder, { recursive: true });
    },
  };
}

/** Whether this machine lets us mount one. */
export function canMount(): boolean {
  try {
    tinyDisk(65_536).end();
    return true;
  } catch {
    return false;
  }
}
