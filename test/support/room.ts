/**
 * What a test makes outside of its own process: folders and whatever has to be ended. Ended in reverse order, each step
 * even when the one before failed, so that a failing test leaves no process, mount or folder behind.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Room {
  /** A new empty folder, removed at the end. */
  folder(): string;
  /** Called at the end, last one first. */
  atEnd(step: () => unknown): void;
  end(): Promise<void>;
}

export function openRoom(): Room {
  const undo: (() => unknown)[] = [];
  return {
    folder() {
      const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
      undo.push(() => rmSync(folder, { recursive: true, force: true }));
      return folder;
    },
    atEnd: step => void undo.push(step),
    async end() {
      const failures: unknown[] = [];
      for (const step of undo.splice(0).reverse()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'not everything could be ended');
    },
  };
}
