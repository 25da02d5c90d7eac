/**
 * What a user gets: both packages are built, packed and installed into an empty folder, and used from there. Nothing of the
 * repository is on the path but its Node, so that a file missing from the tarball or left unbundled is met here.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { hasPostgres, startPostgres } from '../src/store/postgres-server.test-support.ts';
import { openRoom } from './support/room.ts';

const repository = resolve(import.meta.dirname, '..');
const room = openRoom();
const folder = room.folder();
const command = join(folder, 'node_modules/.bin/spillway');

interface Ended {
  exit: number;
  stdout: string;
  stderr: string;
}

interface Packed {
  filename: string;
  size: number;
  files: { path: string; mode: number }[];
}

/** Runs a program to its end. Not synchronously: the endpoint that `spillway test` calls lives in this process. */
function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = folder): Promise<Ended> {
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`;
  const kept = Object.entries(process.env).filter(([name]) => !/^(OPENAI_|SPILLWAY_|NODE_OPTIONS$|VITEST)/.test(name));
  const options = { cwd, env: { ...Object.fromEntries(kept), PATH, ...env }, timeout: 120_000 };
  return new Promise(done => {
    execFile(file, args, options, (error, stdout, stderr) => {
      done({ exit: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

const spillway = (args: readonly string[], env?: NodeJS.ProcessEnv) => run(command, args, env);

async function must(file: string, args: readonly string[], cwd = folder): Promise<string> {
  const { exit, stdout, stderr } = await run(file, args, {}, cwd);
  if (exit !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${exit}:\n${stdout}\n${stderr}`);
  return stdout;
}

async function pack(path: string): Promise<Packed> {
  const said = await must(
    'npm',
    ['pack', path, '--json', '--ignore-scripts', '--pack-destination', folder],
    repository,
  );
  return JSON.parse(said)[0] as Packed;
}

/** An OpenAI-compatible endpoint that gives the same answer to everything. */
async function startEndpoint(content: string): Promise<NodeJS.ProcessEnv> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content } }] }));
    });
  });
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  room.atEnd(() => server.closeAllConnections());
  room.atEnd(() => server.close());
  return { OPENAI_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, OPENAI_API_KEY: 'none' };
}

let packed: Packed;

beforeAll(async () => {
  await must(process.execPath, ['scripts/build.ts'], repository);
  packed = await pack('.');
  const sdk = await pack('./dist/sdk');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarballs = [packed, sdk].map(({ filename }) => `./${filename}`);
  await must('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs]);
}, 120_000);

afterAll(() => room.end());

describe('the tarball', () => {
  test('holds the bundle, its declarations and the licences, and no sources or tests', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['LICENSE', 'dist/THIRD-PARTY-LICENSES', 'dist/spillway.js', 'dist/stats/index.d.ts']),
    );
    expect(paths.filter(path => /\.test\.|^(src|sdk|test|dist\/sdk)\/|(?<!\.d)\.ts$/.test(path))).toEqual([]);
    expect(packed.size).toBeLessThan(2_000_000);
  });

  test('installs alone: nothing else has to be fetched', () => {
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: object };
    expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/@spillway/sdk', 'node_modules/spillway']);
  });

  test('names every bundled package with its notice', () => {
    const notices = readFileSync(join(folder, 'node_modules/spillway/dist/THIRD-PARTY-LICENSES'), 'utf8');
    for (const name of ['commander', 'zod', 'yaml', 'undici', 'nunjucks', 'hono', 'kysely', 'pino', 'pg'])
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ {2}\\S`, 'm'));
  });
});

describe('the image', () => {
  const lines = readFileSync(join(repository, 'Dockerfile'), 'utf8').split('\n');

  test('runs on the Node that the package asks for', () => {
    const [, wanted] = /(\d+)/.exec(manifest.engines.node)!;
    const bases = lines.filter(line => line.startsWith('FROM '));
    expect(bases.map(line => /node:(\d+)-/.exec(line)?.[1])).toEqual([wanted, wanted]);
  });

  test('is made of files that the build makes, and starts one of them, as nobody', () => {
    const copied = lines
      .filter(line => line.startsWith('COPY --from=build'))
      .flatMap(line => line.split(' ').slice(2, -1));
    expect(copied).toContain('/spillway/dist');
    for (const file of copied) expect(existsSync(file.replace('/spillway', repository)), file).toBe(true);
    const start = JSON.parse(lines.find(line => line.startsWith('ENTRYPOINT '))!.slice('ENTRYPOINT '.length));
    expect([start[0], start.at(-1)]).toEqual(['node', '/opt/spillway/dist/spillway.js']);
    expect(lines.at(lines.findIndex(line => line.startsWith('ENTRYPOINT ')) - 1)).toBe('USER 65532:65532');
  });
});

describe('the installed command', () => {
  test('answers --version with the version of the package', async () => {
    expect(await spillway(['--version'])).toEqual({ exit: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  test('writes a pipeline that it accepts itself', async () => {
    expect(await spillway(['init', 'bot'])).toMatchObject({ exit: 0, stderr: '' });
    expect(await spillway(['lint', 'bot/pipeline.yaml'])).toMatchObject({ exit: 0, stderr: '' });
    expect(await spillway(['init', 'bot']), 'a second time').toMatchObject({ exit: 2 });
  });

  test('tests that pipeline: 0 when the answers are right, 1 when they are wrong, 3 when there are none', async () => {
    const right = await startEndpoint('In our shop you can return an order within 30 days.');
    const wrong = await startEndpoint('Let me think.');
    const passed = await spillway(['test', 'bot/pipeline.yaml', '--json'], right);
    expect(passed).toMatchObject({ exit: 0, stderr: '' });
    expect(JSON.parse(passed.stdout)).toMatchObject({
      schema: 'spillway.test/v1',
      failed: 0,
      errors: 0,
      notRun: 0,
      passRate: 1,
    });
    const failed = await spillway(['test', 'bot/pipeline.yaml', '--json'], wrong);
    expect(failed.exit, failed.stderr).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({ passed: 0, errors: 0, notRun: 0, passRate: 0 });
    expect(await spillway(['test', 'bot/pipeline.yaml']), 'without a key').toMatchObject({ exit: 3, stdout: '' });
  });

  test.skipIf(!hasPostgres())('reaches PostgreSQL with the driver that is bundled', async () => {
    const postgres = await startPostgres();
    room.atEnd(() => postgres.end());
    const status = ['status', '--database', postgres.address()];
    expect(await spillway(status)).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/no Spillway data in the schema/),
    });
    const server = spawn(command, ['serve', '--port', '0', '--json', '--data', join(folder, 'replica')], {
      cwd: folder,
      env: { ...process.env, SPILLWAY_DATABASE: status[2] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise(resolve => server.once('exit', resolve));
    await new Promise(resolve => server.stdout.once('data', resolve));
    expect(await spillway(status)).toMatchObject({ exit: 0, stdout: 'No release is active.\n' });
    server.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('serves, is found by the other commands, and ends on SIGTERM', async () => {
    const server = spawn(command, ['serve', '--port', '0', '--json'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    room.atEnd(() => server.kill('SIGKILL'));
    const ended = new Promise(done => server.once('exit', done));
    await Promise.race([ended, new Promise(done => server.stdout.once('data', done))]);
    expect(await spillway(['status', '--json'])).toMatchObject({ exit: 0, stderr: '' });
    server.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(await spillway(['audit', 'verify'])).toMatchObject({ exit: 0 });
  });
});

describe('the installed modules', () => {
  const use = `
    import { connect } from '@spillway/sdk';
    import { mannWhitney } from 'spillway/stats';
    const app = connect({ url: 'http://127.0.0.1:1', fallback: { bot: { template: 'hello' } } });
    console.log(JSON.stringify([app.prompt('bot', { unit: 'user-1' }).variant, typeof mannWhitney]));
    await app.close();
  `;

  test('are imported by name', async () => {
    writeFileSync(join(folder, 'use.js'), use);
    expect(await run(process.execPath, ['use.js'])).toMatchObject({ exit: 0, stdout: '["fallback","function"]\n' });
  });

  test('have declarations that a strict compiler takes without skipping any', async () => {
    const misuse = `
    // @ts-expect-error: values are numbers
    mannWhitney(['one'], ['two']);
    // @ts-expect-error: a server is needed
    connect({});
    `;
    writeFileSync(join(folder, 'use.ts'), use + misuse);
    const options = {
      module: 'nodenext',
      target: 'es2024',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    };
    const types = { types: ['node'], typeRoots: [join(repository, 'node_modules/@types')] };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, ...types }, files: ['use.ts'] }),
    );
    expect(await run(join(repository, 'node_modules/.bin/tsc'), ['-p', '.'])).toMatchObject({ exit: 0, stdout: '' });
  });
});
