/**
 * A project folder as `spillway init` makes it, with stages of half a second, and a model endpoint that answers what the
 * prompt asks for: right answers, wrong ones for a prompt in rhyme, none for a prompt that is unreachable.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completionOf, simulateEndpoint } from '../../src/suite/simulated-endpoint.test-support.ts';
import type { Room } from './room.ts';
import { type Ended, type Running, type RunOptions, run, runJson, start } from './spillway.ts';
import { until } from './until.ts';

export interface Project {
  folder: string;
  /** Writes a new version of the prompt. */
  edit(system: string): void;
  run(args: readonly string[]): Promise<Ended>;
  // biome-ignore lint/suspicious/noExplicitAny: documents are looked into field by field
  json(args: readonly string[], exit: number): Promise<any>;
  start(args: readonly string[]): Running;
  /** Of the server that announced itself in the folder. */
  serverUrl(): Promise<string>;
}

export async function openProject(room: Room): Promise<Project> {
  const folder = room.folder();
  const endpoint = await simulateEndpoint(({ body }) => {
    const system = body.messages[0]!.content;
    if (system.includes('unreachable')) return 'reset';
    return { body: completionOf(system.includes('rhyme') ? 'Let me think.' : 'Our shop takes it back for 30 days.') };
  });
  room.atEnd(() => endpoint.close());
  const options: RunOptions = {
    cwd: folder,
    env: { OPENAI_BASE_URL: endpoint.baseUrl, OPENAI_API_KEY: 'sk-simulated-0123456789' },
  };
  const promptFile = join(folder, 'prompts/support-bot.yaml');
  return {
    folder,
    edit(system) {
      const text = readFileSync(promptFile, 'utf8');
      const next = text.replace(/content: \|\n( {8}.*\n)+/, `content: |\n        ${system}\n`);
      if (next === text) throw new Error('the prompt that init wrote has another form now');
      writeFileSync(promptFile, next);
    },
    run: args => run(room, args, options),
    json: (args, exit) => runJson(room, args, exit, options),
    start: args => start(room, args, options),
    serverUrl: () =>
      until('a server announces itself', () => {
        const file = JSON.parse(readFileSync(join(folder, '.spillway/server.json'), 'utf8')) as { url: string };
        return file.url;
      }),
  };
}

/** Half a second where people wait for minutes; the chance of a false alarm is cut so far that no test meets one. */
export function hurry(project: Project): void {
  replaceInPipeline(project, [
    ['hold: 1m, timeout: 5m, minSamples: 50', 'hold: 500ms, timeout: 60s, minSamples: 5'],
    ['bake: 5m', 'bake: 500ms'],
    ['\n    metrics:', '\n    alpha: 0.001\n    metrics:'],
  ]);
}

/** From now on releases leave a stage only when they are told to. */
export function stand(project: Project): void {
  replaceInPipeline(project, [['hold: 500ms, timeout: 60s', 'hold: 1h, timeout: 2h']]);
}

function replaceInPipeline({ folder }: Project, changes: [from: string, to: string][]): void {
  const file = join(folder, 'pipeline.yaml');
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`the pipeline does not say "${from}" any more`);
    text = text.replace(from, to);
  }
  writeFileSync(file, text);
}
