/**
 * A release as lines of text: the stage bar, the weight, the verdict with its numbers, the clocks of a rollback. Pure, so
 * that the live screen, a pipe and the demo show the same picture. Shows numbers, decides nothing.
 */
import type { MetricEvidence, Verdict } from '../analysis/verdict.ts';
import type { TestProgress } from '../controller/face.ts';
import type { Phase, RollbackRecord } from '../rollout/release.ts';
import type { WireRelease } from '../server/contract.ts';
import type { Terminal } from './terminal.ts';

type Paint = Terminal['paint'];

export interface ViewOptions {
  paint: Paint;
  width: number;
  nowMs: number;
  progress?: TestProgress | undefined;
}

export function releaseView(release: WireRelease, options: ViewOptions): string[] {
  const { paint } = options;
  const head = `${paint.bold(release.artifact)}  ${shortVersion(release.version)}  ${phaseWord(release.phase, paint)}${holdWord(release, options)}`;
  const lines = [head, `  ${stageBar(release, options)}`];
  if (release.phase === 'testing' && options.progress) lines.push(`  ${testLine(options.progress, paint)}`);
  else if (release.test)
    lines.push(
      `  tests    ${release.test.passed && release.test.complete ? paint.green('✓') : paint.red('✗')} ${release.test.why}`,
    );
  if (release.weight > 0 && release.phase !== 'succeeded') lines.push(`  traffic  ${weightBar(release.weight, paint)}`);
  if (release.verdict && release.baseline !== null) lines.push(...verdictLines(release.verdict, options));
  if (release.rollback) lines.push(...rollbackLines(release.rollback, paint));
  if (release.failure && release.failure !== release.test?.why)
    lines.push(`  ${paint.red('why')}      ${release.failure}`);
  return lines.map(line => cut(line, options.width));
}

const PHASE_WORDS: Record<Phase, string> = {
  queued: 'queued',
  testing: 'testing',
  comparing: 'comparing',
  rollingOut: 'rolling out',
  baking: 'baking at full weight',
  promoting: 'promoting: the Deployment takes over',
  succeeded: 'succeeded',
  rollingBack: 'rolling back',
  rolledBack: 'rolled back',
  failed: 'failed before anyone met it',
  cancelled: 'cancelled',
  superseded: 'superseded by a newer version',
};

export function phaseWord(phase: Phase, paint: Paint): string {
  const word = PHASE_WORDS[phase];
  if (phase === 'succeeded') return paint.green(word);
  return phase === 'rolledBack' || phase === 'rollingBack' || phase === 'failed' ? paint.red(word) : paint.cyan(word);
}

function holdWord(release: WireRelease, { paint, nowMs }: ViewOptions): string {
  if (!release.hold) return '';
  return paint.yellow(`  holds: ${release.hold.reason}, ${duration(nowMs - Date.parse(release.hold.since))}`);
}

type StepState = 'done' | 'now' | 'next' | 'bad';

function testState({ test }: WireRelease): StepState {
  if (!test) return 'next';
  return test.passed && test.complete ? 'done' : 'bad';
}

/** `✓ test ─ ✓ compare ─ ✓ 10 ─ ● 25 ─ ○ 50 ─ ○ 100 ─ ○ bake` */
function stageBar(release: WireRelease, { paint }: ViewOptions): string {
  // The first version of an artifact is tested and serves: there is nothing to be compared with.
  const isFirst = release.baseline === null;
  const order: Phase[] = ['testing', 'comparing', 'rollingOut', 'baking', 'succeeded'];
  const at = order.indexOf(release.phase);
  const mark = (name: string, state: StepState) => {
    if (state === 'bad') return paint.red(`✗ ${name}`);
    if (state === 'done') return paint.green(`✓ ${name}`);
    return state === 'now' ? paint.cyan(paint.bold(`● ${name}`)) : paint.dim(`○ ${name}`);
  };
  const reached = (step: number): StepState => (at === step ? 'now' : at > step ? 'done' : 'next');
  const early = (name: string, step: number, seen: StepState) => mark(name, at < 0 ? seen : reached(step));
  const lastLeft = release.stages.findLast(({ leftAt }) => leftAt !== undefined)?.leftAt;
  const stages = release.stages.map(({ weight, enteredAt, leftAt }) => {
    const isLast = release.rollback !== undefined && enteredAt !== undefined && leftAt === lastLeft;
    const state: StepState = isLast ? 'bad' : leftAt ? 'done' : enteredAt ? 'now' : 'next';
    const since = state === 'now' ? ` ${clockOf(release)}` : '';
    return mark(`${weight} %${since}`, release.phase === 'succeeded' ? 'done' : state);
  });
  const baking = release.phase === 'baking';
  const bake = mark(
    baking ? `bake ${clockOf(release)}` : 'bake',
    release.phase === 'succeeded' ? 'done' : baking ? 'now' : 'next',
  );
  const exposed = release.stages.some(stage => stage.enteredAt !== undefined);
  const served = release.phase === 'succeeded' ? 'done' : 'next';
  if (isFirst) return [early('test', 0, testState(release)), mark('serves', served)].join(paint.dim(' ─ '));
  return [
    early('test', 0, testState(release)),
    early('compare', 1, exposed ? 'done' : release.verdict?.kind === 'fail' ? 'bad' : 'next'),
    ...stages,
    bake,
  ].join(paint.dim(' ─ '));
}

/** How much of the hold is over; beyond it, how long it has been held up. */
function clockOf({ stageClock }: WireRelease): string {
  if (!stageClock) return '';
  const { elapsedMs, holdMs } = stageClock;
  return elapsedMs < holdMs ? `${duration(elapsedMs)} of ${duration(holdMs)}` : duration(elapsedMs);
}

function weightBar(weight: number, paint: Paint): string {
  const cells = 40;
  const filled = Math.round((weight / 100) * cells);
  return `${paint.magenta('█'.repeat(filled))}${paint.dim('░'.repeat(cells - filled))} ${weight} % on the candidate`;
}

function testLine(progress: TestProgress, paint: Paint): string {
  const { done, total, failed, errors } = progress;
  const cells = 24;
  const filled = total === 0 ? 0 : Math.round((done / total) * cells);
  const bad = failed + errors > 0 ? paint.red(`  ${failed} failed, ${errors} not answered`) : '';
  return `tests    ${paint.cyan('█'.repeat(filled))}${paint.dim('░'.repeat(cells - filled))} ${done} of ${total}${bad}`;
}

function verdictLines(verdict: Verdict, { paint, width }: ViewOptions): string[] {
  const word = { pass: paint.green('pass'), fail: paint.red('fail'), inconclusive: paint.yellow('not sure yet') }[
    verdict.kind
  ];
  return [
    ...wrapped(`  verdict  ${word}  `, verdict.reason, width),
    ...verdict.metrics.filter(hasNumbers).map(metric => `           ${metricLine(metric, paint)}`),
  ];
}

const hasNumbers = (metric: MetricEvidence) => metric.n.baseline + metric.n.candidate > 0;

function metricLine(metric: MetricEvidence, paint: Paint): string {
  const { effect, n, e, p, severity } = metric;
  const [low, high] = effect.interval;
  const isRatio = effect.kind === 'ratio';
  const show = (value: number | null) =>
    value === null ? '?' : isRatio ? value.toFixed(2) : `${value < 0 ? '' : '+'}${value.toFixed(3)}`;
  const size =
    effect.value === null ? '' : ` ${show(effect.value)}${isRatio ? ' ×' : ''} [${show(low)}, ${show(high)}]`;
  const sure = e !== undefined ? ` e = ${significant(e)}` : p !== undefined ? ` p = ${significant(p)}` : '';
  const alarm = severity === 'none' || severity === 'low' ? '' : paint.red(` ${severity}`);
  return `${metric.name.padEnd(8)}${size}${sure}${paint.dim(`  n = ${n.baseline} v ${n.candidate}`)}${alarm}`;
}

export function rollbackLines(rollback: RollbackRecord, paint: Paint): string[] {
  const { clocks } = rollback;
  // A verdict's reason stands in its own line already.
  const why = rollback.trigger === 'performance' || rollback.trigger === 'errorRate' ? '' : `: ${rollback.reason}`;
  const lines = [`  ${paint.red('rollback')} by ${rollback.trigger}${why}`];
  if (!clocks) return lines;
  const parts = [`decision → every resolver ${ms(clocks.decisionToWriteMs)}`];
  if (clocks.writeToAcceptedMs !== undefined) parts.push(`→ stored ${ms(clocks.writeToAcceptedMs)}`);
  if (clocks.writeToVerifiedMs !== undefined) parts.push(`→ verified ${ms(clocks.writeToVerifiedMs)}`);
  const sla =
    rollback.withinSla === undefined
      ? ''
      : rollback.withinSla
        ? paint.green('  within the SLA')
        : paint.red('  later than the SLA');
  return [...lines, `  clocks   ${parts.join(' ')}${sla}`];
}

const ms = (value: number) => (value < 10 ? `${value.toFixed(2)} ms` : `${Math.round(value)} ms`);

export function shortVersion(version: string): string {
  return version.replace(/^sha256:/, '').slice(0, 12);
}

export function significant(value: number): string {
  if (value === 0) return '0';
  return value >= 0.001 && value < 100_000 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}

/** `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = (count: number, unit: string) => (count === 0 ? '' : ` ${count} ${unit}`);
  return minutes < 60
    ? `${minutes} min${rest(seconds % 60, 's')}`
    : `${Math.floor(minutes / 60)} h${rest(minutes % 60, 'min')}`;
}

/** A sentence on as many lines as it needs, below its first word. */
function wrapped(head: string, text: string, width: number): string[] {
  const indent = ' '.repeat(11);
  const lines: string[] = [];
  let line = head;
  let room = width - visible(head);
  for (const word of text.split(' ')) {
    if (word.length > room && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = indent;
      room = width - indent.length;
    }
    line += `${word} `;
    room -= word.length + 1;
  }
  return [...lines, line.trimEnd()];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with ESC
const visible = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, '').length;

/** Cuts to the visible width; colour codes take no room. */
function cut(line: string, width: number): string {
  let seen = 0;
  let result = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with ESC
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b[')) {
      result += part;
      continue;
    }
    const room = width - seen;
    if (part.length <= room) {
      result += part;
      seen += part.length;
    } else {
      if (room > 0) result += `${part.slice(0, room - 1)}…`;
      seen = width;
    }
  }
  return result;
}
