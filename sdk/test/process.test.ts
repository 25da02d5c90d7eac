import { spawn } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { accept, CANDIDATE, type ProtocolServer, settled, startServer } from './protocol-server.ts';

const sdk = JSON.stringify(new URL('../src/index.ts', import.meta.url).href);
let remote: ProtocolServer | undefined;

afterEach(async () => {
  await remote?.close();
  remote = undefined;
});

/** Runs an app in a process of its own; its output and exit code, once it ends by itself. */
function run(script: string): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { timeout: 15_000 });
    let out = '';
    child.stdout.on('data', chunk => {
      out += chunk;
    });
    child.stderr.on('data', chunk => {
      out += chunk;
    });
    child.on('error', reject);
    child.on('close', code => resolve({ code, out }));
  });
}

describe('the process of an app', () => {
  test('waits for ready, resolves, and ends by itself with the stream still open', async () => {
    remote = await startServer();
    remote.assignments.set('support-bot', settled(CANDIDATE, 1));
    // A name with two addresses, of which the first does not answer: Node tries each with a handle of its own.
    const { code, out } = await run(`
      import dns from 'node:dns';
      import { connect } from ${sdk};
      const addresses = [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }];
      dns.lookup = (host, options, then) => process.nextTick(then, null, addresses);
      const spillway = connect({ url: 'http://spillway.test:${remote.port}' });
      const ready = await spillway.ready(10_000);
      spillway.report({ artifact: 'support-bot', version: 'sha256:cand', unit: 'u' });
      console.log(ready, spillway.prompt('support-bot', { unit: 'u' }).value.template, spillway.stats().connected);`);
    expect([code, out]).toEqual([0, 'true new {{q}} true\n']);
  });

  test('ends by itself while the server cannot be reached', async () => {
    const { code, out } = await run(`
      import { connect } from ${sdk};
      const spillway = connect({ url: 'http://127.0.0.1:1', fallback: { a: { template: 'own' } } });
      spillway.report({ artifact: 'a', version: 'v', unit: 'u' });
      console.log(await spillway.ready(100), spillway.prompt('a').value.template);`);
    expect([code, out]).toEqual([0, 'false own\n']);
  });

  test('ends by itself while a second report waits for its answer on the kept-alive socket', async () => {
    remote = await startServer();
    remote.onOutcomes = (response, body) => {
      if (JSON.parse(body).sequence === 1) accept(response, body);
    };
    const { code, out } = await run(`
      import { setTimeout } from 'node:timers/promises';
      import { connect } from ${sdk};
      const spillway = connect({ url: '${remote.url}' });
      const one = { artifact: 'a', version: 'v', unit: 'u' };
      spillway.report(one);
      while (spillway.stats().queued > 0) await setTimeout(5);
      spillway.report(one);
      await setTimeout(300);
      process.on('exit', () => console.log(spillway.stats().queued, spillway.stats().lastError));`);
    // No error yet: it did not stay until the attempt had timed out.
    expect([code, out, remote.bodies.length]).toEqual([0, '1 null\n', 2]);
  });

  test('delivers its last outcomes when it awaits close', async () => {
    remote = await startServer();
    const { code, out } = await run(`
      import { connect } from ${sdk};
      const spillway = connect({ url: '${remote.url}' });
      for (let n = 0; n < 120; n++) spillway.report({ artifact: 'a', version: 'v', unit: 'u' + n });
      await spillway.close();
      console.log(spillway.stats().queued, spillway.stats().dropped);`);
    expect([code, out]).toEqual([0, '0 0\n']);
    expect(remote.batches().flatMap(batch => batch.outcomes)).toHaveLength(120);
  });

  test('is held up by close for no more than its bound when the server hangs', async () => {
    remote = await startServer();
    remote.onOutcomes = () => {};
    const { code, out } = await run(`
      import { connect } from ${sdk};
      const spillway = connect({ url: '${remote.url}' });
      spillway.report({ artifact: 'a', version: 'v', unit: 'u' });
      await spillway.close();
      console.log(spillway.stats().dropped);`);
    expect([code, out]).toEqual([0, '1\n']);
  });
});
