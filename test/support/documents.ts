/** Documents of a release that lives in fractions of a second: a prompt whose text says how the app will fare with it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { easyQuestions } from '../../examples/support-bot/questions.ts';

export const ARTIFACT = 'support-bot';

export interface Documents {
  /** Of the pipeline and of the artifact. */
  name: string;
  /** The pipeline, as it is written. */
  document: object;
  /** What it names: path → text. */
  files: Record<string, string>;
}

export interface Wishes {
  /** Makes each version another one; `slow` and `broken` in it tell the users of the test how to fare. */
  text: string;
  stages?: object[];
  stage?: object;
  bake?: string;
  test?: object;
  /** Cases of the suite; 0 for no suite at all. */
  cases?: number;
  provider?: object;
}

/** YAML 1.2 reads JSON, so that no test has to write indentation. */
export function documentsOf(wishes: Wishes): Documents {
  const { text, cases = 0, provider = { id: 'openai:chat:simulated' } } = wishes;
  const head = { apiVersion: 'spillway.dev/v1alpha1', metadata: { name: ARTIFACT } };
  const document = {
    ...head,
    kind: 'Pipeline',
    spec: {
      target: { prompt: { file: 'prompt.yaml' } },
      test: { suites: cases > 0 ? ['suite.yaml'] : [], retries: 0, ...wishes.test },
      regression: {
        // A chance of one in a thousand to see what is not there: these tests are about something else.
        alpha: 0.001,
        metrics: [{ name: 'latency', unit: 'ms', direction: 'lowerIsBetter', minEffect: '10%' }],
      },
      rollout: {
        stages: wishes.stages ?? [{ weight: 10 }, { weight: 25 }, { weight: 50 }, { weight: 100 }],
        stage: { hold: '300ms', timeout: '60s', minSamples: 5, ...wishes.stage },
        bake: wishes.bake ?? '300ms',
      },
    },
  };
  const prompt = {
    ...head,
    kind: 'Prompt',
    spec: {
      messages: [
        { role: 'system', content: `You are the support bot of a shop. ${text}` },
        { role: 'user', content: '{{question}}' },
      ],
    },
  };
  const suite = {
    ...head,
    kind: 'Suite',
    spec: {
      provider,
      cases: easyQuestions.slice(0, cases).map((question, at) => ({
        name: `case ${at + 1}`,
        vars: { question: question.text },
        graders: [{ type: 'icontains', value: question.fact }],
      })),
    },
  };
  const files = {
    'prompt.yaml': JSON.stringify(prompt),
    ...(cases > 0 ? { 'suite.yaml': JSON.stringify(suite) } : {}),
  };
  return { name: ARTIFACT, document, files };
}

/** Writes them into a folder, as `pipeline.yaml` and what it names; answers the path of the pipeline. */
export function writeDocuments(folder: string, { document, files }: Documents): string {
  for (const [path, text] of Object.entries({ 'pipeline.yaml': JSON.stringify(document), ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return join(folder, 'pipeline.yaml');
}
