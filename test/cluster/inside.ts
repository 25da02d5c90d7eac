/**
 * The first program inside the namespaces: brings the plane up, runs the command with KUBECONFIG set, and ends with the
 * command's exit status. It ends nothing itself: with it the process id namespace ends, and the kernel kills what is left.
 *
 *   node test/cluster/inside.ts FOLDER [COMMAND ARGUMENTS…]
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter } from 'node:path';
import { cacheFolder } from './build/cache.ts';
import { serveControl } from './plane/control.ts';
import { bringUp } from './plane/plane.ts';

const say = (line: string) => void process.stderr.write(`cluster: ${line}\n`);

async function main(folder: string, command: readonly string[]): Promise<number> {
  const giveUp = () => process.exit(130);
  process.once('SIGINT', giveUp);
  const plane = await bringUp(folder);
  // From here on Ctrl-C is the command's to answer; when it ends, so does this.
  process.off('SIGINT', giveUp).on('SIGINT', () => undefined);
  say(plane.timings);
  serveControl(plane.programs);
  if (command.length === 0) say(`logs and kubeconfig are in ${folder}; exit ends everything`);
  const [program, ...args] = command.length > 0 ? command : [process.env['SHELL'] || 'sh'];
  // Helm as built here comes before the machine's own; nothing else in the cache has a name that could hide something.
  const path = [cacheFolder(), process.env['PATH'], process.env['KUBEBUILDER_ASSETS']].filter(Boolean).join(delimiter);
  const env = { ...process.env, PATH: path, KUBECONFIG: plane.kubeconfig, SPILLWAY_CLUSTER: folder };
  const child = spawn(program!, args, { stdio: 'inherit', env });
  return new Promise(resolve => {
    child.once('error', error => {
      say(error.message);
      resolve(127);
    });
    child.once('exit', (exit, signal) => resolve(exit ?? 128 + constants.signals[signal!]));
  });
}

const [folder, ...command] = process.argv.slice(2);
try {
  process.exit(await main(folder!, command));
} catch (error) {
  say(`could not be started: ${error instanceof Error ? error.message : error}`);
  process.exit(70);
}
