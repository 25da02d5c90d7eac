/** What the reference pages say beyond the code's own tables: exit statuses and notes by command, meanings by error code. */
import type { FailureCode } from '../src/errors.ts';

const ACTED = '0 done; 2 no active release, several, or the state does not allow it; 3 no server answers';

/** By the words of the command. A test holds them complete. */
export const EXITS: Record<string, string> = {
  init: '0 written; 2 one of the files is there already, and nothing was written; 3 the folder is not writable',
  lint: '0 every document is valid; 2 one is not: each problem is listed as `file:line:column: field: message`',
  test: '0 every suite reached its pass rate; 1 the answers are not good enough; 2 wrong use or an invalid document; 3 a planned case could not be run',
  compare:
    '0 no regression, or inconclusive; 1 a regression (with `--fail-on inconclusive`: also when the data cannot tell); 2 wrong use, a file that cannot be read, or wrong rows: each is listed as `file:line:column: metric: message`',
  replay:
    '0 no alarm in these samples; 1 the candidate would have been rolled back; 2 wrong use, a file that cannot be read, or wrong lines: each is listed as `file:line:column: field: message`',
  plan: '0 however the forecast looks; 1 with `--strict` when there is a warning; 2 wrong use, a flag that means nothing, an invalid document, or no rate given and none measured; 3 a named server does not answer (where the rate is to come from it), or interrupted',
  release:
    '0 the version serves (with `--detach`: the release has begun); 1 tests or comparison said no, or it was rolled back; 2 invalid, serving already, or held; 3 the tests could not all be run, it was cancelled, superseded or interrupted, or no server answers',
  serve:
    '0 stopped by a signal; 2 another address than loopback without a token; 3 folder in use, port taken, store not usable',
  status: '0 however the releases stand; 2 no such release, or no data in the folder; 3 the server does not answer',
  promote: ACTED,
  pause: ACTED,
  resume: ACTED,
  approve: ACTED,
  rollback: ACTED,
  cancel: ACTED,
  history: '0; 2 no data in the folder; 3 the server does not answer',
  'audit verify':
    '0 the chain fits together; 1 it does not: the first event that does not fit is named; 2 the file cannot be read; 3 the server does not answer',
  demo: '0 the four versions came to what they should; 1 one did not; 3 it could not be run',
};

export const NOTES: Record<string, string> = {
  test: 'Without a file: `pipeline.yaml`, else `promptfooconfig.yaml`. A pipeline\'s suites run on its prompt, a promptfoo config on its own prompts, a native suite on `--prompt`. Nothing is compared and nothing is released. `--json`: one `spillway.test/v1` document, or `{ schema: "spillway.tests/v1", reports }` for several.',
  compare:
    'Reads sample files, JSON Lines, CSV, results of `spillway test --json` and of promptfoo, the points and the summary of k6: see [comparing files](../guide/compare.md). `--json`: `{ verdict, why, metrics: [{ name, n, effect, severity, tests }], consensus }`.',
  replay:
    'Reads JSON Lines of any size: see [replaying recorded samples](../guide/replay.md). Without `--weight` the split is measured at the head of the file. `--json`: one `spillway.replay/v1` document.',
  plan: 'Calls no model and changes nothing: the live detector on simulated traffic, see [planning a rollout](../guide/plan.md). What no flag says is measured in the last release of the artifact, on the server or in the data folder, or assumed; the output says which. `--json`: one `spillway.plan/v1` document.',
  release:
    'The first version of an artifact has nothing to be compared with: when its tests pass, it serves. Ctrl-C ends the watching; on a server the release goes on.',
  serve: 'Takes up the releases that were under way. Logs are JSON lines on standard error.',
  status:
    'Without a name: all active releases. An artifact without an active release is shown as it was left. `--watch` needs a server.',
  promote: 'Overrides the verdict, never the tests. In the bake it ends the bake.',
  pause: 'Stops the clock of the stage. A failed verdict still rolls back.',
  approve:
    'Only where the pipeline says `approval` for the stage. It may be given before the stage has passed: then it is left as soon as it does. A candidate that turns out worse is rolled back all the same.',
  rollback:
    'Possible in every stage and in the bake, also while paused. The version stays held: releasing it again needs `--force`.',
  cancel: 'The version is not held and may be released again. For a version that does harm use `rollback`.',
  history: 'The audit events of an artifact (or of a release, by its id), oldest first.',
  'audit verify':
    'Without a file: the chains of the server or the data folder. With one: an export in JSON or JSON Lines, whole. `--head` takes the checkpoint of an earlier run, or the hash of an event that must still be the last of its chain.',
  demo: 'Needs no key and no network. Runs in a temporary folder on a free port and leaves nothing behind.',
};

export const MEANINGS: Record<FailureCode, string> = {
  CONFIG_INVALID: 'A document does not fit its schema or a rule.',
  FILE_UNREADABLE: 'A file is not there, may not be read, or was not sent along.',
  USAGE: 'The command was called in a way that means nothing.',
  NOT_SUPPORTED: 'Known, and not part of this version; or data of another version.',
  REQUEST_INVALID: 'The body, query or a header of a request does not fit.',
  BODY_TOO_LARGE: 'More than 1 MiB, or 2 MiB for a pipeline.',
  UNAUTHORIZED: 'No bearer token, or not that of the server.',
  NOT_FOUND: 'There is no such release, artifact, pipeline, path or data folder.',
  METHOD_NOT_ALLOWED: 'The path exists and does not take this method.',
  AMBIGUOUS: 'Several releases are active and none was named.',
  RELEASE_FINISHED: 'A command for a release that has ended.',
  RELEASE_PAUSED: 'A promotion of a paused release.',
  COMMAND_REFUSED: 'The release is in a phase in which the command means nothing.',
  VERSION_HELD: 'The version was rolled back before.',
  VERSION_SERVING: 'The version is the baseline already.',
  STATE_MOVED: 'Somebody else changed the release between the look and the write.',
  IDEMPOTENCY_MISMATCH: 'The same key came with another request.',
  EPOCH_STALE: 'A write of an older route than the one in force was refused.',
  WEIGHT_REJECTED: 'A route of the cluster could not be given the weight.',
  RIGHTS_MISSING: 'The API server of the cluster does not let Spillway do what it has to.',
  CLUSTER_UNREACHABLE: 'The API server of the cluster does not answer, or only with errors.',
  PLACE_UNKNOWN: 'A weight was wanted of a workload before it is known where it is routed.',
  STORE_UNAVAILABLE: 'The data folder or the journal cannot be read or written now.',
  STORE_LOCKED: 'A second server on one data folder.',
  STORE_CORRUPT: 'What is stored cannot be read.',
  PROVIDER_FAILED: 'The model endpoint cannot be used at all, for example without a key.',
  METRICS_UNREACHABLE: 'Prometheus does not answer, not in time, or says that it cannot now.',
  METRICS_REFUSED: 'Prometheus, or a proxy before it, wants other credentials, or its certificate is not trusted.',
  METRICS_QUERY_INVALID: 'Prometheus cannot run the query; the message has its words and the position.',
  METRICS_ANSWER_INVALID: 'What came is no answer of Prometheus, of another type than asked for, or too long.',
  OVERLOADED: 'More outcomes than the store can write now; only `POST /api/v1/outcomes` answers it.',
  SERVER_UNREACHABLE: 'No server is running or named, or it does not answer as a Spillway server does.',
  ADDRESS_IN_USE: 'The port is taken.',
  TOKEN_REQUIRED: 'A server that others can reach must ask for a token.',
  SHUTTING_DOWN: 'The server is starting or stopping.',
  INTERRUPTED: 'Ctrl-C, or a signal.',
  INTERNAL: 'A fault of Spillway. Over HTTP the detail stays in the log.',
};
