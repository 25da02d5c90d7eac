#!/usr/bin/env node
/**
 * The `spillway` command. Answers --version and an old Node at once; everything else is loaded when it is needed, because
 * start-up is felt at every call.
 */
import nodeModule from 'node:module';
import { VERSION } from './version.ts';

const argv = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`spillway needs Node 24 or newer; this is ${process.version}.\n`);
  process.exitCode = 2;
} else if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${VERSION}\n`);
} else {
  // A reader that has seen enough (`| head`) closes the pipe: what is still to be written is not missed, and no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  nodeModule.enableCompileCache?.();
  const { run } = await import('./program.ts');
  process.exitCode = await run(argv, VERSION);
}
