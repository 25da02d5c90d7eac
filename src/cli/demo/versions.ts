/** The four versions of the prompt that the demo releases, and the documents around them. */
import { easyQuestions } from '../../../examples/support-bot/questions.ts';

export interface DemoVersion {
  label: '1' | '2' | '3' | '4';
  /** For people: what is new. */
  about: string;
  system: string;
}

export const VERSIONS: readonly DemoVersion[] = [
  { label: '1', about: 'serves from the start', system: 'You are the support bot of a shop. Answer briefly.' },
  {
    label: '2',
    about: 'friendlier, and as good',
    system: 'You are the friendly support bot of a shop. Answer briefly and name the number.',
  },
  {
    label: '3',
    about: 'passes its tests, but is slow and often wrong on hard questions that only real users ask',
    system: 'You are the support bot of a shop. Think through every policy before you answer.',
  },
  {
    label: '4',
    about: 'breaks the easy questions too',
    system: 'You are the support bot of a shop. Always answer in rhyme.',
  },
];

const pipeline = `apiVersion: spillway.dev/v1alpha1
kind: Pipeline
metadata: { name: support-bot }
spec:
  target: { prompt: { file: prompts/support-bot.yaml } }
  test: { suites: [suites/support-bot.yaml], workers: 8 }
  regression:
    metrics:
      - { name: latency, unit: ms, direction: lowerIsBetter, minEffect: 10% }
      - { name: quality, direction: higherIsBetter, minEffect: 2% }
  rollout:
    stages: [{ weight: 10 }, { weight: 25 }, { weight: 50 }, { weight: 100 }]
    stage: { hold: 4s, timeout: 60s, minSamples: 50 }
    bake: 4s
`;

const prompt = (system: string) => `apiVersion: spillway.dev/v1alpha1
kind: Prompt
metadata: { name: support-bot }
spec:
  messages:
    - { role: system, content: ${JSON.stringify(system)} }
    - { role: user, content: "{{question}}" }
`;

const suite = `apiVersion: spillway.dev/v1alpha1
kind: Suite
metadata: { name: easy-questions }
spec:
  provider: { id: "openai:chat:simulated" }
  cases:
${easyQuestions
  .map(
    ({ text, fact }) =>
      `    - { name: ${JSON.stringify(text)}, vars: { question: ${JSON.stringify(text)} }, graders: [{ type: icontains, value: ${JSON.stringify(fact)} }] }`,
  )
  .join('\n')}
`;

/** Path → text, as they would lie in a repository. */
export function documentsOf(version: DemoVersion): Record<string, string> {
  return {
    'pipeline.yaml': pipeline,
    'prompts/support-bot.yaml': prompt(version.system),
    'suites/support-bot.yaml': suite,
  };
}
