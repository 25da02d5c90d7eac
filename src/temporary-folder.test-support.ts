/** Real files in tests: a folder of its own for each test, gone when the test and its hooks have ended. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Call it in a test or in `beforeEach`. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
