/**
 * One server per data folder. The lock is the kernel's, held through an exclusive SQLite transaction on a file of its
 * own: it goes when the process goes, however it goes, so no stale lock file ever has to be removed by hand. Node has no
 * file lock of its own, and a lock file with a process id is wrong after a restart in a container.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SpillwayError } from '../errors.ts';
import { sqliteFailure } from './sqlite-driver.ts';
import { isBusy } from './sqlite-wait.ts';

interface FolderLock {
  release(): void;
}

function refusal(folder: string, error: unknown): SpillwayError {
  if (!isBusy(error)) return sqliteFailure(error);
  return new SpillwayError('STORE_LOCKED', `The data folder ${folder} is in use`, { cause: error });
}

/** Throws STORE_LOCKED when another process (or this one) holds it, STORE_UNAVAILABLE when the folder cannot be used. */
export function lockFolder(folder: string): FolderLock {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(folder, '.lock'), { timeout: 0 });
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
    const held = lock;
    return {
      release() {
        if (held.isOpen) held.close();
      },
    };
  } catch (error) {
    if (lock?.isOpen) lock.close();
    throw refusal(folder, error);
  }
}
