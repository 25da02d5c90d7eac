/**
 * Lets a test end a program of the plane and start it again, over HTTP: `POST /kube-apiserver/kill`, `…/start`, and
 * `GET /` for the process ids. The programs are children of the process that brought the plane up, not of the test's.
 */
import { createServer, type Server } from 'node:http';
import { CONTROL } from './addresses.ts';
import type { Program } from './program.ts';

export function serveControl(programs: readonly Program[]): Server {
  const byName = new Map(programs.map(program => [program.name, program]));
  const server = createServer((request, response) => {
    act(request.url ?? '/').then(
      answer => response.end(JSON.stringify(answer)),
      error => response.writeHead(400).end(String(error)),
    );
  });

  async function act(url: string): Promise<unknown> {
    const [, name = '', deed] = url.split('/');
    if (name === '') return Object.fromEntries(programs.map(program => [program.name, program.pid() ?? null]));
    const program = byName.get(name);
    if (!program) throw new Error(`no program ${name}; there are ${[...byName.keys()].join(', ')}`);
    if (deed === 'kill') await program.kill();
    else if (deed === 'start') program.start();
    else throw new Error(`${deed}: a program can be killed or started`);
    return { pid: program.pid() ?? null };
  }

  const { hostname, port } = new URL(CONTROL);
  return server.listen(Number(port), hostname);
}
