/**
 * Ends every test run with one plain line, `N passed, N failed`, that scripts and people read without knowing the runner.
 * Where several runs make one (`npm test`), CLOSING_LINE_TALLY names the file that carries the counts on: the last line is the sum.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env['CLOSING_LINE_TALLY'];
    let { passed, failed } = file ? readTally(file) : { passed: 0, failed: 0 };
    failed += errors.length;
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        if (state === 'failed') failed++;
      }
    }
    if (file) writeFileSync(file, JSON.stringify({ passed, failed }));
    process.stdout.write(`\n${closingLine({ passed, failed })}\n`);
  }
}

export interface Tally {
  passed: number;
  failed: number;
}

export function readTally(file: string): Tally {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Tally) : { passed: 0, failed: 0 };
}

export const closingLine = ({ passed, failed }: Tally) => `${passed} passed, ${failed} failed`;
