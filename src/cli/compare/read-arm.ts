/**
 * One arm from a file of any format. The format is told by what stands in the file, and by the extension where the content
 * could be several: k6 calls its lines `.json`, too.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { whyUnreadable } from '../../config/read-file.ts';
import { SpillwayError } from '../../errors.ts';
import { type Arm, emptyArm, type Reading } from './arm.ts';
import { isObject, type JsonDocument, readJsonDocument } from './json-document.ts';
import type { Problems } from './problems.ts';
import { readCsv } from './read-csv.ts';
import { readJsonLines } from './read-json-lines.ts';
import { isK6Summary, readK6Summary } from './read-k6-summary.ts';
import { isPromptfoo, readPromptfoo } from './read-promptfoo.ts';
import { readSamples } from './read-samples.ts';
import { readTestReport } from './read-test-report.ts';

const HEAD_BYTES = 64 << 10;

/** @param name a file, or for promptfoo `file#1`: only the second prompt. @throws SpillwayError FILE_UNREADABLE */
export async function readArm(name: string, reading: Reading, problems: Problems): Promise<Arm> {
  const picked = existsSync(name) ? null : /^(.+)#(\d+)$/.exec(name);
  const [file, column] = picked ? [picked[1]!, Number(picked[2])] : [name, undefined];
  const format = formatOf(file);
  if (format === 'csv') return readCsv(file, reading, problems);
  if (format === 'jsonLines') return { ...(await readJsonLines(file, reading, problems, column)), file: name };
  const document = readJsonDocument(file, problems);
  const arm = document ? readDocument(document, reading, column) : emptyArm(file);
  return { ...arm, file: name };
}

function readDocument(document: JsonDocument, reading: Reading, column: number | undefined): Arm {
  const { value } = document;
  if (isObject(value)) {
    if (typeof value.schema === 'string' && value.schema.startsWith('spillway.test')) return readTestReport(document);
    if (isPromptfoo(value)) return readPromptfoo(document, column);
    if (isK6Summary(value)) return readK6Summary(document, reading.named);
    if (isObject(value.metrics)) return readSamples(document);
  }
  document.problem(
    [],
    'is none of the documents that can be compared: samples { metrics }, `spillway test --json`, promptfoo results, a k6 summary. A list of rows is read as JSON Lines: one object a line',
  );
  return emptyArm(document.file);
}

type Format = 'csv' | 'jsonLines' | 'json';

function formatOf(file: string): Format {
  const extension = extname(file).toLowerCase();
  if (extension === '.csv' || extension === '.tsv') return 'csv';
  if (extension === '.jsonl' || extension === '.ndjson') return 'jsonLines';
  const head = headOf(file)
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (!head.startsWith('{') && !head.startsWith('[')) return extension === '.json' ? 'json' : 'csv';
  const [first = '', second = ''] = head.split('\n').filter(line => line.trim() !== '');
  return second.trimStart().startsWith('{') && isWholeJson(first) ? 'jsonLines' : 'json';
}

function isWholeJson(text: string): boolean {
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}

function headOf(file: string): string {
  try {
    // A pipe can be read once only, and the format is told before the file is read. Opening one may wait for ever.
    const found = statSync(file);
    if (found.isDirectory()) throw new Error('it is a folder');
    if (!found.isFile()) throw new Error('it is no regular file; write it to one first');
    const descriptor = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(HEAD_BYTES);
      return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw new SpillwayError('FILE_UNREADABLE', `Cannot read ${file}: ${whyUnreadable(cause)}`, { cause });
  }
}
