import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { readingProgress } from './reading-progress.ts';

let file: string;
let now: number;
let said: string[];

beforeEach(() => {
  file = join(temporaryFolder(), 'a.jsonl');
  writeFileSync(file, 'x'.repeat(1000));
  now = 0;
  said = [];
});

function progress(isLive: boolean, width = 200) {
  const out = {
    isLive,
    width,
    draw: (lines: string[]) => void said.push(`draw ${lines.join('|')}`),
    note: (text: string) => void said.push(`note ${text}`),
  };
  return readingProgress(out, () => now);
}

describe('the progress of reading', () => {
  test('is a line that changes ten times a second on a terminal, and is taken away at the end', () => {
    const { of, end } = progress(true);
    const onRead = of(file);
    for (; now <= 300; now += 20) onRead(1_000 + now, now);
    end();
    expect(said).toEqual([
      `draw 10 %, 1,100 lines: reading ${file}`,
      `draw 20 %, 1,200 lines: reading ${file}`,
      `draw 30 %, 1,300 lines: reading ${file}`,
      'draw ',
    ]);
  });

  test('is a note every ten seconds in a log', () => {
    const { of, end } = progress(false);
    const onRead = of(file);
    for (; now <= 25_000; now += 100) onRead(now, now / 100);
    end();
    expect(said).toEqual([`note 10 %, 10,000 lines: reading ${file}`, `note 20 %, 20,000 lines: reading ${file}`]);
  });

  test('is nothing for a file that is read at once', () => {
    const { of, end } = progress(true);
    of(file)(5, 1000);
    end();
    expect(said).toEqual([]);
  });

  test('never wraps: a line that did could not be taken away again', () => {
    const { of } = progress(true, 30);
    const onRead = of(file);
    now = 500;
    onRead(7, 1000);
    expect(said).toEqual([`draw ${`100 %, 7 lines: reading ${file}`.slice(0, 29)}`]);
  });
});
