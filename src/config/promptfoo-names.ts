/** What promptfoo 0.123 knows and this version does not run: named, so that a misspelt word and a missing feature read differently. */

export const HARMLESS_FIELDS = [
  '$schema',
  'description',
  'tags',
  'metadata',
  'outputPath',
  'sharing',
  'writeLatestResults',
  'assertionTemplates',
];

export const LATER_FIELDS = [
  'scenarios',
  'env',
  'nunjucksFilters',
  'derivedMetrics',
  'extensions',
  'tracing',
  'redteam',
  'commandLineOptions',
];

/** Speed and display only: no answer and no verdict depends on them. */
export const HARMLESS_OPTIONS = ['cache', 'maxConcurrency', 'showProgressBar', 'suggestionsCount'];

/** Accepted at the value that asks for nothing. */
export const NEUTRAL_OPTIONS: Record<string, { neutral: unknown; instead: string }> = {
  repeat: { neutral: 1, instead: 'set spec.test.repeat of the pipeline' },
  delay: { neutral: 0, instead: 'set spec.test.workers of the pipeline lower' },
  timeoutMs: { neutral: 0, instead: 'set spec.test.timeout of the pipeline' },
  maxEvalTimeMs: { neutral: 0, instead: 'set spec.test.suiteTimeout of the pipeline' },
  generateSuggestions: { neutral: false, instead: 'remove it' },
};

export const LATER_ASSERTIONS: readonly string[] = (
  'is-json contains-json is-html contains-html is-xml contains-xml is-sql contains-sql levenshtein rouge-n bleu gleu ' +
  'word-count meteor cost latency finish-reason is-refusal guardrails perplexity perplexity-score is-valid-function-call ' +
  'is-valid-openai-function-call is-valid-openai-tools-call tool-call-f1 skill-used trace-span-count trace-span-duration ' +
  'trace-error-spans trajectory:tool-used trajectory:tool-args-match trajectory:tool-sequence trajectory:step-count ' +
  'trajectory:goal-success javascript python ruby webhook similar similar:cosine similar:dot similar:euclidean llm-rubric ' +
  'agent-rubric factuality model-graded-factuality model-graded-closedqa g-eval answer-relevance context-faithfulness ' +
  'context-recall context-relevance conversation-relevance search-rubric pi classifier moderation select-best max-score ' +
  'assert-set human'
).split(' ');
