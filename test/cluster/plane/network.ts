/** The network of the namespace: loopback alone, on which the whole pod range may be bound. Nothing leads out of it. */
import { execFileSync } from 'node:child_process';
import { POD_RANGE } from './addresses.ts';

export function openNetwork(): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  // `local` makes every address of the range bindable, without 65,000 addresses on the device.
  execFileSync('ip', ['route', 'add', 'local', POD_RANGE, 'dev', 'lo']);
}
