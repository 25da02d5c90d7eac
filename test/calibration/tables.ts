/** From alarms to the lines of the tables, and to the bars that are broken. */
import type { Method, Scenario } from './scenario.ts';

export interface Row {
  table: Scenario['table'];
  stream: string;
  method: string;
  runs: number;
  share: number;
  /** Of alarms at alpha 0.01; NaN where not measured. */
  share01: number;
  median: number;
  p95: number;
  bar: string;
  /** What is broken. */
  broken: string | null;
}

export function rowsOf(scenario: Scenario, alarms: Float64Array): Row[] {
  const width = scenario.methods.length * 2;
  const runs = alarms.length / width;
  return scenario.methods.map((method, m) => {
    const column = (k: number) => Array.from({ length: runs }, (_, i) => alarms[i * width + 2 * m + k]!);
    const delays = column(0).sort((a, b) => a - b);
    const share = delays.filter(Number.isFinite).length / runs;
    const second = column(1);
    const share01 = second.every(Number.isNaN) ? Number.NaN : second.filter(Number.isFinite).length / runs;
    const at = (q: number) => delays[Math.min(runs - 1, Math.floor(q * runs))]!;
    const measured = { share, median: at(0.5), p95: at(0.95), most: delays.at(-1)! };
    const { bar, broken } = barOf(method, measured, runs);
    const { median, p95 } = measured;
    return {
      table: scenario.table,
      stream: scenario.name,
      method: method.name,
      runs,
      share,
      share01,
      median,
      p95,
      bar,
      broken,
    };
  });
}

/** What the bar says, and which part of it is broken. */
function barOf(
  { mostAlarms, median, p95, all }: Method,
  measured: { share: number; median: number; p95: number; most: number },
  runs: number,
): Pick<Row, 'bar' | 'broken'> {
  const bars: string[] = [];
  const broken: string[] = [];
  const hold = (name: string, value: number, most: number, shown = String(most)) => {
    bars.push(`${name}${shown}`);
    if (!(value <= most)) broken.push(`${name}${shown}, measured ${Number(value.toPrecision(4))}`);
  };
  if (mostAlarms !== undefined) {
    const most = mostAlarms + 3 * Math.sqrt((mostAlarms * (1 - mostAlarms)) / runs);
    hold('≤ ', measured.share, most, `${(100 * most).toFixed(2)} %`);
  }
  if (median !== undefined) hold('median ≤ ', measured.median, median);
  if (p95 !== undefined) hold('p95 ≤ ', measured.p95, p95);
  if (all !== undefined) hold('all ≤ ', measured.most, all);
  return { bar: bars.join(', '), broken: broken.length > 0 ? broken.join('; ') : null };
}

const TITLES: Record<Row['table'], string> = {
  'false alarms': 'False alarms of the raw processes',
  delays: 'Delays of the raw processes',
  correlated: 'False alarms when requests are not independent',
  gates: 'Threshold gates on the same streams',
  'default false alarms': 'False rollbacks of the default configuration',
  'default delays': 'Delays of the default configuration',
  'choices: false alarms': 'Other choices for the default configuration: false rollbacks',
  'choices: delays': 'Other choices for the default configuration: delays',
  histograms: 'Histograms: intervals, and two finished ones',
};
const ABOUT: Record<Row['table'], string> = {
  'false alarms': 'Unchanged candidates, looked at after every block: share of runs that are ever alarmed.',
  delays: 'Candidate requests until the alarm at alpha 5 %, no margin.',
  correlated:
    'Unchanged candidates whose arms each have their own pods or caches. Nothing that counts requests is exact here; margins are an odds ratio of 1.5 and 5 % of latency.',
  gates: 'Share of runs that are aborted. In the rows of a changed candidate this is what is found.',
  'default false alarms':
    "Unchanged releases through 10, 25 and 50 % of 4,000 requests each, with the shares and margins of a pipeline that names none. Pods are each arm's own. The gate: p95 above 1.2 × the baseline's, or more than 2 % errors (1 % are usual).",
  histograms:
    'Latencies around 0.2 s that are known by bucket only; margin 5 % where none is named. Live: up to 60 intervals of so many values, with a common drift; compare: one interval; beside it Brunner–Munzel on the middles of the buckets, scaled by the margin as if they were values. Alarms of unchanged candidates, and of those at the very margin, are false; those of worse ones are found, the median and p95 counted in candidate values.',
  'default delays':
    'Candidate units met from the change to the alarm, through 10, 25 and then 50 %, where it stays until it is found.',
  'choices: false alarms':
    'Unchanged releases, as above. All choices look at the same requests, and each differs in one thing only.',
  'choices: delays': 'Candidate units met from the change to the alarm, as above.',
};

export function tableText(table: Row['table'], rows: readonly Row[]): string {
  const isDelay = table.endsWith('delays');
  const isBoth = table === 'histograms';
  const head = isBoth
    ? ['stream', 'method', 'alarms', 'median', 'p95', 'runs', 'bar']
    : isDelay
      ? ['stream', 'method', 'median', 'p95', 'found', 'runs', 'bar']
      : ['stream', 'method', 'alpha 5 %', 'alpha 1 %', 'runs', 'bar'];
  const cells = rows.map(row => {
    const percent = (x: number) => (Number.isNaN(x) ? '–' : `${(100 * x).toFixed(2)} %`);
    const count = (x: number) => (Number.isFinite(x) ? x.toLocaleString('en') : 'never');
    const bar = row.broken === null ? row.bar || '–' : `**broken:** ${row.broken}`;
    const runs = row.runs.toLocaleString('en');
    if (isBoth) return [row.stream, row.method, percent(row.share), count(row.median), count(row.p95), runs, bar];
    return isDelay
      ? [row.stream, row.method, count(row.median), count(row.p95), percent(row.share), runs, bar]
      : [row.stream, row.method, percent(row.share), percent(row.share01), runs, bar];
  });
  const lines = [head, head.map(() => '---'), ...cells].map(line => `| ${line.join(' | ')} |`);
  return [`## ${TITLES[table]}`, '', ABOUT[table], '', ...lines].join('\n');
}
