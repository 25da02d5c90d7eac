/**
 * The command line as a table: names, arguments, options, help with an example. Each command's code is loaded when it is
 * called, so that `lint` does not pay for a server. Parses and calls; what a command does is in commands/.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { readEnvironment } from '../config/environment.ts';
import { asSpillwayError, SpillwayError } from '../errors.ts';
import { type CommandContext, currentActor } from './context.ts';
import type { KubeWhere } from './kube.ts';
import { describeFailure, failureDocument, type Terminal, terminal } from './terminal.ts';

interface Common {
  server?: string;
  data: string;
  database?: string;
  json?: boolean;
  quiet?: boolean;
  color: boolean;
  kube?: boolean;
  context?: string;
  namespace?: string;
}

const EXIT_STATUS = 'Exit status: 0 good, 1 the gate said no, 2 wrong use, 3 could not be carried out.';

type Action = (context: CommandContext) => Promise<number>;

/** @returns the exit status: 0 good, 1 the gate said no, 2 wrong use, 3 could not be carried out */
export async function run(argv: string[], version: string): Promise<number> {
  let exit = 0;
  let out: Terminal = terminal({ json: argv.includes('--json'), quiet: false, color: true });
  const act = async (command: Command, action: Action) => {
    const all = command.optsWithGlobals<Common>();
    const { server, data, json = false, quiet = false, color, ...given } = all;
    out = terminal({ json, quiet, color });
    const database = given.database ?? readEnvironment().database;
    const where = {
      data,
      ...(server === undefined ? {} : { server }),
      ...(database === undefined ? {} : { database }),
    };
    const kube = all.kube ? { kube: whereOf(all) } : {};
    exit = await action({ ...where, ...kube, out, signal: stopSignal(), actor: currentActor() });
  };
  try {
    await program(version, act).parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0; // --help and --version
      // The parser has told people; whoever reads documents gets one too.
      out.printJson(failureDocument(new SpillwayError('USAGE', usageProblem(error))));
      return 2;
    }
    const failure = asSpillwayError(error);
    process.stderr.write(`${describeFailure(failure, out.paint)}\n`);
    out.printJson(failureDocument(failure));
    return failure.exit;
  }
}

function whereOf({ context, namespace }: Common): KubeWhere {
  return { ...(context === undefined ? {} : { context }), ...(namespace === undefined ? {} : { namespace }) };
}

/** Aborts on the first Ctrl-C or SIGTERM; on the second the process ends where it stands, which is safe at any line. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}

export function program(version: string, act: (command: Command, action: Action) => Promise<void>): Command {
  const root = new Command('spillway')
    .description('Tests, compares, rolls out and rolls back changes of prompts and models.')
    .version(version, '-V, --version')
    .showHelpAfterError('Run with --help for the options and an example.')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .addOption(new Option('--server <url>', 'address of a Spillway server (SPILLWAY_SERVER)'))
    .addOption(new Option('--data <dir>', 'data folder: the embedded store, the rollback journal').default('.spillway'))
    .addOption(new Option('--database <url>', 'PostgreSQL in the place of the embedded store (SPILLWAY_DATABASE)'))
    .option('--kube', 'ask the cluster of the kubeconfig in the place of a server; for serve: work there')
    .option('--context <name>', 'with --kube: a context of the kubeconfig')
    .option('--namespace <name>', 'with --kube: the namespace of the pipelines')
    .option('--json', 'print one JSON document on standard output and nothing else there')
    .option('--quiet', 'no progress and no messages')
    .option('--no-color', 'no colour (NO_COLOR is honoured too)')
    .addHelpText('after', `\nExample:\n  $ spillway release pipeline.yaml\n\n${EXIT_STATUS}`);

  /** Adds a command; `example` ends its help. */
  const add = (usage: string, about: string, example: string) => {
    return root.command(usage).description(about).addHelpText('after', `\nExample:\n  $ ${example}\n\n${EXIT_STATUS}`);
  };

  add('init [dir]', 'write a working Pipeline, Prompt and Suite into a folder', 'spillway init my-bot').action(
    (dir: string | undefined, _options, command) =>
      act(command, async context => (await import('./commands/init.ts')).init(dir ?? '.', context)),
  );

  add(
    'lint [files...]',
    'check documents and the files they name; list every problem',
    'spillway lint pipeline.yaml',
  ).action((files: string[], _options, command) =>
    act(command, async context =>
      (await import('./commands/lint.ts')).lint(files.length > 0 ? files : ['pipeline.yaml'], context),
    ),
  );

  add(
    'test [files...]',
    'run the suites of a pipeline, a suite, or a promptfoo config',
    'spillway test pipeline.yaml --repeat 3',
  )
    .option('--prompt <file>', 'the prompt that a native suite is run on')
    .option('--workers <n>', 'calls at a time', wholeNumber(1, 1000))
    .option('--repeat <n>', 'times each case is run', wholeNumber(1, 1000))
    .action((files: string[], options, command) =>
      act(command, async context => (await import('./commands/test.ts')).test(files, options, context)),
    );

  add(
    'compare <baseline> <candidate>',
    'say whether the second file of samples or results is worse than the first',
    'spillway compare baseline.json candidate.json --min-effect latency=5%',
  )
    .option('--metric <name>', 'compare this metric and no other (repeatable)', collected)
    .option(
      '--column <metric=column>',
      'column of a metric, by name or, in CSV, position from 1 (repeatable)',
      collected,
    )
    .option('--case <column>', 'column of case ids: the same cases of both files are compared in pairs')
    .option('--unit <metric=unit>', 'unit of a metric where the file does not say it (repeatable)', collected)
    .option('--direction <metric=direction>', 'lowerIsBetter or higherIsBetter (repeatable)', collected)
    .option('--min-effect <metric=percent>', 'smallest change that matters; 5% alone: of all (repeatable)', collected)
    .option('--alpha <share>', 'chance of a false alarm, over all metrics', '0.05')
    .option('--fail-on <verdict>', 'exit 1 on a regression, or on inconclusive too', 'regression')
    .option('--markdown', 'print Markdown, for a pull request')
    .option('--html <file>', 'write one self-contained page with the distributions drawn')
    .action((baseline: string, candidate: string, options, command) =>
      act(command, async context =>
        (await import('./commands/compare.ts')).compare([baseline, candidate], options, context),
      ),
    );

  add(
    'replay <file>',
    'run recorded samples through the live detector and say when it would have decided',
    'spillway replay samples.jsonl --weight 10 --shuffle-labels 200',
  )
    .option('--pipeline <file>', 'judge by the regression settings of this pipeline')
    .option(
      '--weight <percent>',
      'share of traffic on the candidate; 50@30m: from 30 minutes on (repeatable)',
      collected,
    )
    .option(
      '--shuffle-labels <n>',
      'draw the arms anew n times: the false-alarm rate on this data',
      wholeNumber(1, 10_000),
    )
    .option('--seed <n>', 'seed of the shuffles', wholeNumber(0, 4_294_967_295), 1)
    .action((file: string, options, command) =>
      act(command, async context => (await import('./commands/replay.ts')).replay(file, options, context)),
    );

  add(
    'plan [pipeline]',
    'say what each stage will find, how soon, and where it is too thin to see anything',
    'spillway plan pipeline.yaml --rate 20/s --effect latency=25%',
  )
    .option('--rate <requests>', 'traffic: 20/s, 600/min, 3000/h; else measured in the last release')
    .option('--users <n>', 'users who make these requests and come back', wholeNumber(1, 1_000_000_000))
    .option('--error-rate <percent>', 'requests that fail without the change')
    .option('--spread <metric=sd>', 'standard deviation of the logarithm; 0.8 alone: of all (repeatable)', collected)
    .option('--quality <mean>', 'mean quality without the change, 0 to 1')
    .option(
      '--effect <metric=percent>',
      'regression to look for: latency=25%, errors=5%, quality=10% (repeatable)',
      collected,
    )
    .option('--runs <n>', 'simulated stages for each delay', wholeNumber(100, 100_000), 1500)
    .option('--seed <n>', 'seed of the simulation', wholeNumber(0, 4_294_967_295), 1)
    .option('--strict', 'exit 1 when there is a warning', false)
    .action((pipeline: string | undefined, options, command) =>
      act(command, async context =>
        (await import('./commands/plan.ts')).plan(pipeline ?? 'pipeline.yaml', options, context),
      ),
    );

  add('release [pipeline]', 'release the prompt of a pipeline and wait for the end', 'spillway release pipeline.yaml')
    .option('--detach', 'return as soon as the release has begun (needs a server)', false)
    .option('--force', 'try a version again that was rolled back before', false)
    .action((pipeline: string | undefined, options, command) =>
      act(command, async context =>
        (await import('./commands/release.ts')).release(pipeline ?? 'pipeline.yaml', options, context),
      ),
    );

  add('serve', 'run the server on the data folder', 'spillway serve --port 8085')
    .option('--host <address>', 'address to bind; any other than 127.0.0.1 needs SPILLWAY_TOKEN', '127.0.0.1')
    .option('--port <n>', 'port, 0 for a free one', wholeNumber(0, 65_535), 8085)
    .option('--journal <file>', 'where the rollback journal lies, best on another disk than the data')
    .action((options, command) =>
      act(command, async context => (await import('./commands/serve.ts')).serve(options, context)),
    );

  add('status [name]', 'show the active releases, or one release or artifact', 'spillway status --watch')
    .option('--watch', 'go on showing until it ends', false)
    .action((name: string | undefined, options, command) =>
      act(command, async context => (await import('./commands/status.ts')).status(name, options, context)),
    );

  const actions = async () => import('./commands/act.ts');
  add('promote [name]', 'go one stage further, over the verdict', 'spillway promote support-bot')
    .option('--full', 'go to 100 % at once, then bake', false)
    .action((name: string | undefined, { full }: { full: boolean }, command) =>
      act(command, async context => (await actions()).act('promote', name, { full }, context)),
    );
  add('pause [name]', 'hold the weight where it is', 'spillway pause support-bot').action(
    (name: string | undefined, _options, command) =>
      act(command, async context => (await actions()).act('pause', name, {}, context)),
  );
  add('resume [name]', 'go on after a pause', 'spillway resume support-bot').action(
    (name: string | undefined, _options, command) =>
      act(command, async context => (await actions()).act('resume', name, {}, context)),
  );
  add('approve [name]', 'let a stage that asks for it be left', 'spillway approve support-bot --comment "looks right"')
    .option('--comment <text>', 'goes into the audit')
    .action((name: string | undefined, { comment }: { comment?: string }, command) =>
      act(command, async context =>
        (await actions()).act('approve', name, comment === undefined ? {} : { comment }, context),
      ),
    );
  add('rollback [name]', 'take the candidate back at once', 'spillway rollback --reason "wrong answers about refunds"')
    .requiredOption('--reason <text>', 'why; goes into the audit')
    .action((name: string | undefined, { reason }: { reason: string }, command) =>
      act(command, async context => (await actions()).act('rollback', name, { reason }, context)),
    );
  add('cancel [name]', 'end a release; the baseline goes on serving', 'spillway cancel support-bot')
    .option('--reason <text>', 'why; goes into the audit')
    .action((name: string | undefined, { reason }: { reason?: string }, command) =>
      act(command, async context =>
        (await actions()).act('cancel', name, reason === undefined ? {} : { reason }, context),
      ),
    );

  add('history [name]', 'who decided what, when and why', 'spillway history support-bot').action(
    (name: string | undefined, _options, command) =>
      act(command, async context => (await import('./commands/history.ts')).history(name, context)),
  );

  const audit = root
    .command('audit')
    .description('the audit chain')
    .addHelpText('after', `\nExample:\n  $ spillway audit verify\n\n${EXIT_STATUS}`);
  audit
    .command('verify [file]')
    .description('find a changed, missing or reordered event; exit 1 names the first')
    .option('--head <hash>', 'a checkpoint or head noted before: finds a cut tail too')
    .addHelpText('after', `\nExample:\n  $ spillway audit verify\n\n${EXIT_STATUS}`)
    .action((file: string | undefined, options, command) =>
      act(command, async context => (await import('./commands/audit-verify.ts')).auditVerify(file, options, context)),
    );

  add('demo', 'watch four versions of a prompt go through it all, in about a minute', 'spillway demo').action(
    (_options, command) => act(command, async context => (await import('./commands/demo.ts')).demo(context)),
  );
  return root;
}

/** An option that can be given several times. */
function collected(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

export { SpillwayError };

/** The parser's words without its prefix; for a command that is missing it has only the name of an event. */
function usageProblem(error: CommanderError): string {
  return error.code === 'commander.help' ? 'Name a command.' : error.message.replace(/^error: /, '');
}
