import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRoom, type Room } from '../../support/room.ts';
import { canUnshare } from '../rights.ts';
import { NotCreatable } from './environment.ts';
import { inSandbox } from './sandbox.ts';

let room: Room;
beforeEach(() => {
  room = openRoom();
});
afterEach(() => room.end());

function sandboxed(script: string, mountPath: string) {
  const volume = room.folder();
  writeFileSync(join(volume, 'file'), 'content');
  const container = { name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath }] };
  const place = { folder: room.folder(), volumes: new Map([['v', volume]]), directory: '/' };
  const [command, ...args] = inSandbox(['sh', '-c', script], container, place);
  const { stdout, stderr } = spawnSync(command!, args, { encoding: 'utf8' });
  return { volume, stdout, stderr };
}

test('a mount of a volume that the pod does not have is refused', () => {
  const container = { name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/x' }] };
  const place = { folder: room.folder(), volumes: new Map(), directory: '/' };
  expect(() => inSandbox(['true'], container, place)).toThrow(NotCreatable);
});

describe.skipIf(!canUnshare())('as root', () => {
  test('a volume is at its mount path, and what is written into it stays', () => {
    const { volume, stdout, stderr } = sandboxed(
      'cat /etc/nowhere/app/file; echo more > /etc/nowhere/app/new',
      '/etc/nowhere/app',
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'content', stderr: '' });
    expect(readFileSync(join(volume, 'new'), 'utf8')).toBe('more\n');
    expect(existsSync('/etc/nowhere')).toBe(false);
  });

  test('what is written beside volumes never reaches the machine', () => {
    const { stdout } = sandboxed('echo x > /etc/spillway-was-here && cat /etc/spillway-was-here', '/data');
    expect(stdout).toBe('x\n');
    expect([existsSync('/etc/spillway-was-here'), existsSync('/data')]).toEqual([false, false]);
  });

  test("a mount path that leads over a link stays in the container's root", () => {
    const machine = room.folder();
    mkdirSync(join(machine, 'real'));
    symlinkSync('/var/spillway-link-target', join(machine, 'link'));
    const { stdout } = sandboxed(`cat ${machine}/link/app/file`, join(machine, 'link/app'));
    expect(stdout).toBe('content');
    expect(existsSync('/var/spillway-link-target')).toBe(false);
  });
});
