/** `spillway plan` on pipelines written by a test: what it says, and the document beside it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { afterAll } from 'vitest';
import { asSpillwayError } from '../../errors.ts';
import { plan } from '../commands/plan.ts';
import type { PlanOptions } from './flags.ts';

export const folder = mkdtempSync(join(tmpdir(), 'spillway-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A pipeline of the given `spec` fields beside the target, as YAML in one line each. */
export function pipeline(...fields: string[]): string {
  const file = join(folder, `pipeline-${++files}.yaml`);
  const head = 'apiVersion: spillway.dev/v1alpha1\nkind: Pipeline\nmetadata: { name: bot }\nspec:\n';
  writeFileSync(
    file,
    `${head}  target: { prompt: { file: prompt.yaml } }\n${fields.map(field => `  ${field}\n`).join('')}`,
  );
  return file;
}
writeFileSync(
  join(folder, 'prompt.yaml'),
  'apiVersion: spillway.dev/v1alpha1\nkind: Prompt\nmetadata: { name: bot }\nspec: { template: hi }\n',
);
export const ONE_STAGE = 'rollout: { stages: [{ weight: 20 }, { weight: 100 }] }';
export const LATENCY = 'regression: { metrics: [{ name: latency, direction: lowerIsBetter, minEffect: 5% }] }';

export interface Asked extends PlanOptions {
  width?: number;
}

/** Few: what is tested here is what is said, not its last digit. */
export const RUNS = 30;

export async function run(file: string, { width = 80, ...options }: Asked = {}, signal = new AbortController().signal) {
  // biome-ignore lint/suspicious/noExplicitAny: a document as its reader meets it
  const said = { exit: -1, text: '', document: undefined as any, problem: '', notes: [] as string[] };
  const ignore = () => {};
  const out = {
    json: true,
    quiet: false,
    color: false,
    isLive: false,
    width,
    paint: pc.createColors(false),
    print(text: string) {
      said.text = text;
    },
    printJson(document: unknown) {
      said.document = JSON.parse(JSON.stringify(document));
    },
    note: (text: string) => void said.notes.push(text),
    draw: ignore,
    settle: ignore,
  };
  try {
    said.exit = await plan(file, { runs: RUNS, ...options }, { out, signal, data: join(folder, 'none'), actor: 'ann' });
  } catch (error) {
    const failure = asSpillwayError(error);
    said.exit = failure.exit;
    said.problem = failure.message.replaceAll(`${folder}/`, '');
  }
  return said;
}
