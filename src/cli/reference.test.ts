import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { leavesOf, referencePages } from '../../scripts/reference.ts';
import { EXITS, NOTES } from '../../scripts/reference-texts.ts';
import { program } from './program.ts';

describe('the reference pages', () => {
  test.each(Object.entries(referencePages()))(
    '%s is what the code says now: run node scripts/reference.ts',
    (path, text) => {
      expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(text);
    },
  );

  test('say the exit statuses of every command, and of no other', () => {
    const paths = program('0', async () => {}).commands.flatMap(command =>
      leavesOf(command, '').map(({ path }) => path),
    );
    expect(Object.keys(EXITS).sort()).toEqual(paths.sort());
    expect(paths).toEqual(expect.arrayContaining(Object.keys(NOTES)));
  });

  test('end every command with an example to copy', () => {
    const page = referencePages()['docs/reference/cli.md']!;
    for (const path of Object.keys(EXITS)) expect(page).toMatch(new RegExp(`\`\`\`sh\nspillway ${path}`));
  });
});
