/**
 * Where a command prints: results to standard output, progress and messages to standard error, so that a pipe gets one
 * clean document. Colour and redrawing only where a person looks on; NO_COLOR and CI are honoured.
 */
import pc from 'picocolors';
import { readEnvironment } from '../config/environment.ts';
import type { SpillwayError } from '../errors.ts';
import { formatProblem } from '../errors.ts';

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  color: boolean;
}

export interface Terminal extends OutputOptions {
  /** May redraw lines in place. */
  isLive: boolean;
  width: number;
  paint: ReturnType<typeof pc.createColors>;
  /** The result, for people; nothing with --json. */
  print(text: string): void;
  /** The result, for programs; nothing without --json. */
  printJson(document: unknown): void;
  /** A message on the side; nothing with --quiet. */
  note(text: string): void;
  /** Replaces the lines of the last frame on a live terminal; nothing elsewhere, nothing with --quiet. */
  draw(lines: string[]): void;
  /** Leaves the last frame standing and goes on below it. */
  settle(): void;
}

export function terminal(options: OutputOptions): Terminal {
  const { json, quiet } = options;
  const environment = readEnvironment();
  const isLive = process.stderr.isTTY === true && !quiet && !environment.ci;
  const color =
    options.color && !environment.noColor && (process.stdout.isTTY === true || process.stderr.isTTY === true);
  let drawn = 0;
  const erase = () => (drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : '');
  return {
    ...options,
    isLive,
    paint: pc.createColors(color),
    get width() {
      return Math.max(40, Math.min(process.stderr.columns ?? 100, 120));
    },
    print: text => void (json || process.stdout.write(`${text}\n`)),
    printJson: document => void (json && process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)),
    note(text) {
      if (quiet) return;
      process.stderr.write(`${erase()}${text}\n`);
      drawn = 0;
    },
    draw(lines) {
      if (!isLive) return;
      process.stderr.write(erase() + lines.map(line => `${line}\n`).join(''));
      drawn = lines.length;
    },
    settle() {
      drawn = 0;
    },
  };
}

/** An error as people read it: what happened, every problem with its place, the way out. */
export function describeFailure(error: SpillwayError, paint: Terminal['paint']): string {
  const lines = [`${paint.red('error')} ${printable(error.message)}`];
  for (const problem of error.problems) lines.push(`  ${printable(formatProblem(problem))}`);
  lines.push(`  ${paint.dim('→')} ${error.hint}`);
  return lines.join('\n');
}

/** Messages quote what stands in files: that must not drive the terminal. */
function printable(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, '\uFFFD');
}

export function failureDocument(error: SpillwayError): object {
  const { code, message, hint, problems } = error;
  return { error: { code, message, hint, ...(problems.length > 0 ? { problems } : {}) } };
}
