/**
 * Documents that are wrong and endpoints that misbehave, seen from a shell: one clear error each, the right exit status,
 * no trace of our code, and an end in bounded time.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { completionOf, type Reply, simulateEndpoint } from '../../src/suite/simulated-endpoint.test-support.ts';
import { documentsOf, type Wishes, writeDocuments } from '../support/documents.ts';
import { openRoom } from '../support/room.ts';
import { documentOf, expectNoTrace, run, runJson } from '../support/spillway.ts';

const room = openRoom();
afterEach(() => room.end());

const KEY = 'sk-very-secret-0123456789abcdef';

/** A folder with sound documents, spoiled in one place. */
function spoiled(file: string, spoil: (text: string) => string | undefined): string {
  const folder = room.folder();
  writeDocuments(folder, documentsOf({ text: 'one', cases: 2, provider: { id: 'echo' } }));
  const path = join(folder, file);
  const text = spoil(readFileSync(path, 'utf8'));
  if (text === undefined) throw new Error('nothing was spoiled');
  writeFileSync(path, text);
  return folder;
}

const swap = (from: string, to: string) => (text: string) => (text.includes(from) ? text.replace(from, to) : undefined);
const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]}`).join()}]`),
];

describe('a document', () => {
  test.each<[string, string, (text: string) => string | undefined, RegExp]>([
    ['with an unknown field', 'pipeline.yaml', swap('"rollout":', '"rolout":'), /rolout/],
    [
      'with a wrong type',
      'pipeline.yaml',
      swap('"minSamples":5', '"minSamples":"many"'),
      /minSamples.*number|number.*minSamples/,
    ],
    ['with a weight above 100', 'pipeline.yaml', swap('"weight":100', '"weight":101'), /weight.*100/],
    ['that names a missing file', 'pipeline.yaml', swap('suite.yaml', 'nowhere.yaml'), /nowhere\.yaml/],
    ['that is an alias bomb', 'pipeline.yaml', () => bomb.join('\n'), /alias/],
    ['that is no YAML', 'prompt.yaml', () => '{ "kind": [', /prompt\.yaml/],
    ['that is empty', 'prompt.yaml', () => '', /empty/],
    ['that is binary', 'prompt.yaml', () => '\u0000\u0001', /binary/],
    ['with two cases of one name', 'suite.yaml', swap('"case 2"', '"case 1"'), /case 1/],
    ['with a suite of no cases', 'suite.yaml', text => text.replace(/"cases":\[.*\]/, '"cases":[]'), /cases/],
    [
      'with a pattern that is none',
      'suite.yaml',
      swap('"type":"icontains","value":"30 days"', '"type":"regex","value":"("'),
      /regular expression/,
    ],
    [
      'with a provider that is none',
      'suite.yaml',
      swap('"id":"echo"', '"id":"openai:image:x"'),
      /provider|openai:image/,
    ],
  ])('%s is refused by lint, test and release alike', async (_what, file, spoil, message) => {
    const cwd = spoiled(file, spoil);
    const linted = await runJson(room, ['lint', 'pipeline.yaml'], 2, { cwd });
    expect(linted.files[0]).toMatchObject({ ok: false });
    expect(linted.files[0].problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(linted)).toMatch(message);
    for (const command of ['test', 'release']) {
      const ended = await run(room, [command, 'pipeline.yaml', '--json'], { cwd });
      expect(ended, ended.stderr).toMatchObject({ exit: 2, stderr: expect.stringMatching(message) });
      expect(documentOf(ended)).toMatchObject({ error: { code: 'CONFIG_INVALID', hint: expect.any(String) } });
      expectNoTrace(ended);
    }
    // What is refused leaves nothing behind.
    expect(existsSync(join(cwd, '.spillway'))).toBe(false);
  });

  test('that is not there is exit 2', async () => {
    const cwd = room.folder();
    for (const command of ['test', 'release'])
      expect(await runJson(room, [command, 'nowhere.yaml'], 2, { cwd })).toMatchObject({
        error: { code: 'FILE_UNREADABLE' },
      });
    await runJson(room, ['lint', 'nowhere.yaml'], 2, { cwd });
    expect(readdirSync(cwd)).toEqual([]);
  });
});

interface Misbehaved {
  cwd: string;
  env: Record<string, string>;
}

/** A project whose endpoint answers as told, with two seconds for a suite. */
async function against(behave: () => Reply, wishes: Partial<Wishes> = {}): Promise<Misbehaved> {
  const endpoint = await simulateEndpoint(behave);
  room.atEnd(() => endpoint.close());
  const cwd = room.folder();
  const test = { timeout: '500ms', suiteTimeout: '2s', retries: 3 };
  writeDocuments(cwd, documentsOf({ text: 'one', cases: 3, test, ...wishes }));
  return { cwd, env: { OPENAI_BASE_URL: endpoint.baseUrl, OPENAI_API_KEY: KEY } };
}

/** From the folder of the data too: what is kept must not hold the key either. */
function textOfFolder(folder: string): string {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return names
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

describe('an endpoint', () => {
  test.each<[string, () => Reply]>([
    ['that hangs', () => 'hang'],
    ['that resets every connection', () => 'reset'],
    ['that answers with a page', () => 'html'],
    ['that cuts its JSON', () => 'cutJson'],
    ['that cuts its body', () => 'cutBody'],
    ['that has no choices', () => 'noChoices'],
    ['that is always too busy', () => ({ status: 429, headers: { 'retry-after': '1' } })],
    ['that always fails', () => ({ status: 500, body: 'boom' })],
  ])('%s ends the suite within its time: exit 3, and nothing is green', async (_what, behave) => {
    const { cwd, env } = await against(behave);
    const startedAt = performance.now();
    const report = await runJson(room, ['test', 'pipeline.yaml'], 3, { cwd, env });
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect(report).toMatchObject({ passed: 0, failed: 0 });
    expect(report.errors + report.notRun).toBe(3);
  });

  test('that hangs fails a release before anyone meets it: exit 3', async () => {
    const { cwd, env } = await against(() => 'hang');
    expect(await runJson(room, ['release', 'pipeline.yaml'], 3, { cwd, env })).toMatchObject({
      phase: 'failed',
      weight: 0,
      test: { complete: false },
    });
  });

  test('that refuses the key, and sends it back, never gets it shown anywhere', async () => {
    const { cwd, env } = await against(() => ({
      status: 401,
      body: JSON.stringify({ error: { message: `Incorrect API key provided: ${KEY}. Authorization: Bearer ${KEY}` } }),
    }));
    for (const args of [
      ['test', 'pipeline.yaml'],
      ['release', 'pipeline.yaml'],
      ['test', 'pipeline.yaml', '--json'],
    ]) {
      const ended = await run(room, args, { cwd, env });
      expect(ended, ended.stderr).toMatchObject({ exit: 3 });
      expect(`${ended.stdout}${ended.stderr}`).toContain('401');
      expect(`${ended.stdout}${ended.stderr}`).not.toContain(KEY);
      expectNoTrace(ended);
    }
    const told = await run(room, ['history', '--json'], { cwd, env });
    expect(told.stdout).toContain('401');
    expect(told.stdout).not.toContain(KEY);
    expect(textOfFolder(cwd)).not.toContain(KEY);
  });

  test('whose answer makes a pattern backtrack for ever does not hold up the suite', async () => {
    const { cwd, env } = await against(() => ({ body: completionOf(`${'a'.repeat(60)}!`) }));
    const file = join(cwd, 'suite.yaml');
    const suite = readFileSync(file, 'utf8').replaceAll(
      /"graders":\[.*?\]/g,
      '"graders":[{"type":"regex","value":"^(a+)+$"}]',
    );
    writeFileSync(file, suite);
    const startedAt = performance.now();
    const ended = await run(room, ['test', 'pipeline.yaml', '--json'], { cwd, env });
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect(documentOf(ended)).toMatchObject({ passed: 0 });
    expect([1, 3]).toContain(ended.exit);
    expectNoTrace(ended);
  });
});
