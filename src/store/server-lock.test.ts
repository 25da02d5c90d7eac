import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { lockFolder } from './server-lock.ts';

const locked = expect.objectContaining({ code: 'STORE_LOCKED' });
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** A process that holds the lock until it is killed. */
async function holder(): Promise<() => Promise<void>> {
  const script = `
    const { lockFolder } = await import(${JSON.stringify(join(import.meta.dirname, 'server-lock.ts'))});
    globalThis.lock = lockFolder(${JSON.stringify(folder)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
}

describe('the lock of a data folder', () => {
  test('is held by one, and free again when released', () => {
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(locked);
    lock.release();
    lock.release();
    lockFolder(folder).release();
  });

  test('held by another process is refused, and goes with it when it is killed', async () => {
    const kill = await holder();
    try {
      expect(() => lockFolder(folder)).toThrow(locked);
    } finally {
      await kill();
    }
    lockFolder(folder).release();
  });

  test('makes the folder, and says when that cannot be', () => {
    lockFolder(join(folder, 'a', 'b')).release();
    writeFileSync(join(folder, 'file'), '');
    expect(() => lockFolder(join(folder, 'file'))).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
  });
});
