import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRoom, type Room } from '../../support/room.ts';
import { until } from '../../support/until.ts';
import { type Job, type Keeper, keepContainer } from './container.ts';
import { NotCreatable } from './environment.ts';
import type { Container, ContainerStatus } from './pod.ts';

function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

let room: Room;
beforeEach(() => {
  room = openRoom();
});
afterEach(() => room.end());

function keep(
  script: string,
  { container = {}, ...job }: Partial<Omit<Job, 'container'>> & { container?: Partial<Container> } = {},
) {
  const folder = room.folder();
  const keeper = keepContainer({
    container: { name: 'c', image: 'i', ...container },
    podIP: '127.0.0.1',
    graceSeconds: 1,
    isRestarted: () => false,
    prepare: async () => ({
      argv: ['sh', '-c', script],
      environment: { PATH: process.env['PATH'] ?? '' },
      directory: folder,
      logFile: `${folder}/log`,
    }),
    onChange: () => undefined,
    ...job,
  });
  room.atEnd(() => keeper.stop(0));
  return keeper;
}

const reach = (keeper: Keeper, what: string, look: (status: ContainerStatus) => unknown) =>
  until(what, () => look(keeper.status()), { instead: keeper.status });
const isRunning = ({ state }: ContainerStatus) => 'running' in state;
/** A shell that runs has not yet set its traps; it says so by a file. */
const reachFile = (file: string) => until(`${file} is written`, () => existsSync(file));

test('an end is told by its exit code', async () => {
  const keeper = keep('exit 3');
  await keeper.over;
  expect(keeper.status().state).toMatchObject({ terminated: { exitCode: 3, reason: 'Error' } });
});

test('a container that fails comes back, and its restarts are counted', async () => {
  const keeper = keep('exit 1', { isRestarted: () => true });
  await reach(
    keeper,
    'it waits after its second end',
    ({ state }) => 'waiting' in state && state.waiting.reason === 'CrashLoopBackOff',
  );
  expect(keeper.status()).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 1 } } });
});

test('SIGTERM comes first, and a process that goes is not killed', async () => {
  const ready = join(room.folder(), 'ready');
  const keeper = keep(`trap 'exit 7' TERM; touch ${ready}; while :; do sleep 0.02; done`);
  await reachFile(ready);
  await keeper.stop(20);
  expect(keeper.status().state).toMatchObject({ terminated: { exitCode: 7 } });
});

test('what ignores SIGTERM is killed when its grace is over', async () => {
  const ready = join(room.folder(), 'ready');
  const resources = { limits: { memory: '1Mi' } };
  const keeper = keep(`trap '' TERM; touch ${ready}; while :; do sleep 0.02; done`, { container: { resources } });
  await reachFile(ready);
  await keeper.stop(0.3);
  expect(keeper.status().state).toMatchObject({ terminated: { exitCode: 137, reason: 'Error' } });
});

test('a kill from elsewhere counts as out of memory where there is a limit', async () => {
  const keeper = keep('kill -9 $$', { container: { resources: { limits: { memory: '1Mi' } } } });
  await keeper.over;
  expect(keeper.status().state).toMatchObject({ terminated: { exitCode: 137, reason: 'OOMKilled' } });
});

test('what it has started goes when it goes', async () => {
  const file = join(room.folder(), 'child');
  const keeper = keep(`sleep 1000 & echo $! > ${file}`);
  await keeper.over;
  const child = Number(readFileSync(file, 'utf8'));
  await until('the child is gone or a zombie', () => !/^State:\s+[RSD]/m.test(stateOf(child)));
});

test('an image that cannot be pulled is waited for', async () => {
  const failure = new NotCreatable('not found', 'ErrImagePull');
  const keeper = keep('', { prepare: () => Promise.reject(failure) });
  await reach(keeper, 'ErrImagePull', ({ state }) => 'waiting' in state && state.waiting.reason === 'ErrImagePull');
  await reach(keeper, 'back-off', ({ state }) => 'waiting' in state && state.waiting.reason === 'ImagePullBackOff');
  await keeper.stop(0);
});

test('preStop has its time before SIGTERM', async () => {
  const keeper = keep('exec sleep 1000', { container: { lifecycle: { preStop: { sleep: { seconds: 0.3 } } } } });
  await reach(keeper, 'it runs', isRunning);
  const startedMs = performance.now();
  await keeper.stop(20);
  expect(performance.now() - startedMs).toBeGreaterThan(250);
  expect(keeper.status().state).toMatchObject({ terminated: { exitCode: 143 } });
});
