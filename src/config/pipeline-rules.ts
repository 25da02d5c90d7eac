/**
 * The rules of a pipeline that span several fields. They read the raw value, cautiously, and not the parsed one: so they
 * report in the same run as misspelt fields and wrong kinds.
 */
import type { Later, Report } from './check.ts';
import { DURATION, durationMs } from './duration.ts';
import { spanningRules } from './kubernetes-rules.ts';
import { show } from './show.ts';
import { type Path, valueAt } from './source.ts';

const LATER = new Set(['freeze']);
const DEFAULTS = { hold: '1m', timeout: '5m' };
const MAX_TEST_MS = 86_400_000;

/** Fields of the format that this version does not act on: accepting one would promise a safeguard that is not there. */
export const laterInPipeline: Later = key =>
  LATER.has(key)
    ? `"${key}" is not supported in this version of Spillway (NOT_SUPPORTED); remove it, nothing would act on it`
    : undefined;

export function pipelineRules(document: unknown, report: Report): void {
  const at = (...path: (string | number)[]) => valueAt(document, path);
  const stages = at('spec', 'rollout', 'stages');
  if (Array.isArray(stages)) {
    weightsRise(stages, report);
    for (const index of stages.keys()) holdFits(document, ['spec', 'rollout', 'stages', index], report);
  }
  if (!Array.isArray(stages) || stages.length === 0) holdFits(document, ['spec', 'rollout', 'stage'], report);
  distinctMetrics(at('spec', 'regression', 'metrics'), report);
  for (const field of ['timeout', 'suiteTimeout'])
    if ((milliseconds(at('spec', 'test', field)) ?? 0) > MAX_TEST_MS)
      report(['spec', 'test', field], `must be at most 24h; found ${show(at('spec', 'test', field))}`);
  distinctSuites(at('spec', 'test', 'suites'), report);
  spanningRules(document, report);
}

function weightsRise(stages: readonly unknown[], report: Report): void {
  const weights = stages.map(stage => valueAt(stage, ['weight']));
  for (const [index, weight] of weights.entries()) {
    const before = weights[index - 1];
    if (typeof weight !== 'number' || typeof before !== 'number' || weight > before) continue;
    report(
      ['spec', 'rollout', 'stages', index, 'weight'],
      `must be more than ${before}, the weight of the stage before; found ${weight}`,
    );
  }
  const last = weights.at(-1);
  if (typeof last === 'number' && last !== 100)
    report(
      ['spec', 'rollout', 'stages', weights.length - 1, 'weight'],
      `must be 100 in the last stage; found ${last}. Add a stage { weight: 100 }`,
    );
}

/** A stage that cannot outlast its own hold could only ever time out. */
function holdFits(document: unknown, stage: Path, report: Report): void {
  const own = (field: 'hold' | 'timeout') => valueAt(document, [...stage, field]);
  const shared = (field: 'hold' | 'timeout') =>
    valueAt(document, ['spec', 'rollout', 'stage', field]) ?? DEFAULTS[field];
  const hold = own('hold') ?? shared('hold');
  const timeout = own('timeout') ?? shared('timeout');
  const [holdMs, timeoutMs] = [milliseconds(hold), milliseconds(timeout)];
  if (holdMs === undefined || timeoutMs === undefined || holdMs <= timeoutMs) return;
  const isShared = own('hold') === undefined && own('timeout') === undefined;
  const place = isShared ? ['spec', 'rollout', 'stage'] : stage;
  const field = valueAt(document, [...place, 'hold']) === undefined ? 'timeout' : 'hold';
  report(
    [...place, field],
    `the hold of ${hold} is longer than the timeout of ${timeout}; raise timeout or shorten hold`,
  );
}

function distinctMetrics(metrics: unknown, report: Report): void {
  if (!Array.isArray(metrics)) return;
  const names = metrics.map(metric => valueAt(metric, ['name']));
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name);
    if (typeof name === 'string' && first < index)
      report(
        ['spec', 'regression', 'metrics', index, 'name'],
        `${show(name)} is the name of metrics[${first}] too; names must differ`,
      );
  }
}

function distinctSuites(suites: unknown, report: Report): void {
  if (!Array.isArray(suites)) return;
  for (const [index, file] of suites.entries())
    if (typeof file === 'string' && suites.indexOf(file) < index)
      report(['spec', 'test', 'suites', index], `${show(file)} is in the list already`);
}

function milliseconds(text: unknown): number | undefined {
  return typeof text === 'string' && DURATION.test(text) ? durationMs(text) : undefined;
}
