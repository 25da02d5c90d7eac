/** `spillway compare` from a shell: its flags, what goes to which stream, and its exit statuses. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openRoom } from '../support/room.ts';
import { run, runJson } from '../support/spillway.ts';

const room = openRoom();
afterEach(() => room.end());

/** Rows of two columns; the second arm is half as slow again. */
function filesIn(folder: string): void {
  const rows = (factor: number) =>
    Array.from({ length: 80 }, (_, i) => `${i},${(factor * (100 + ((i * 37) % 80))).toFixed(1)}`).join('\n');
  writeFileSync(join(folder, 'a.csv'), `request,took\n${rows(1)}\n`);
  writeFileSync(join(folder, 'b.csv'), `request,took\n${rows(1.5)}\n`);
}

test('a regression ends with 1, named columns and repeated flags are taken, and the page is written', async () => {
  const cwd = room.folder();
  filesIn(cwd);
  const flags = ['--column', 'latency=took', '--column', 'wait=2', '--unit', 'latency=ms', '--unit', 'wait=ms'];
  const asked = ['--direction', 'wait=lowerIsBetter', '--min-effect', '10%', '--min-effect', 'wait=200%'];
  const document = await runJson(room, ['compare', 'a.csv', 'b.csv', ...flags, ...asked, '--html', 'page.html'], 1, {
    cwd,
  });
  expect(document).toMatchObject({
    verdict: 'fail',
    why: expect.stringMatching(/^latency: candidate 1\.5 × baseline/),
    metrics: [{ name: 'latency' }, { name: 'wait', severity: expect.any(String) }],
  });
  expect(existsSync(join(cwd, 'page.html'))).toBe(true);
});

test('the same file twice is no regression, and inconclusive fails only where asked', async () => {
  const cwd = room.folder();
  filesIn(cwd);
  const same = ['compare', 'a.csv', 'a.csv', '--column', 'latency=took', '--case', 'request'];
  expect(await run(room, same, { cwd })).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^no regression /) });
  const open = ['compare', 'a.csv', 'b.csv', '--column', 'latency=took', '--min-effect', '50%', '--alpha', '0.01'];
  expect(await run(room, open, { cwd })).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^inconclusive /) });
  expect(await run(room, [...open, '--fail-on', 'inconclusive', '--markdown'], { cwd })).toMatchObject({
    exit: 1,
    stdout: expect.stringMatching(/^### ⚠️ Inconclusive/),
  });
});

test('wrong rows end with 2 and say where they are, for people and for programs', async () => {
  const cwd = room.folder();
  filesIn(cwd);
  writeFileSync(join(cwd, 'bad.csv'), 'latency\n1\nslow\n');
  const ended = await run(room, ['compare', 'bad.csv', 'a.csv'], { cwd });
  expect(ended).toMatchObject({
    exit: 2,
    stdout: '',
    stderr: expect.stringContaining('bad.csv:3:1: latency: must be a number'),
  });
  const document = await runJson(room, ['compare', 'bad.csv', 'bad.csv'], 2, { cwd });
  expect(document.error.problems[0]).toMatchObject({ file: 'bad.csv', line: 3, column: 1 });
});
