/**
 * Carries out what a person asked for by an annotation, once, and takes the annotation away. A command that would do something
 * else a second time is taken off first, in a write that only one replica can make; the others are safe to repeat.
 */
import { type Clock, toTimestamp } from '../clock.ts';
import type { Controller } from '../controller/face.ts';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient, Operation } from '../kube/client.ts';
import { asFailure, Refusal } from '../kube/refusal.ts';
import { type Release, shareOf } from '../rollout/release.ts';
import { type Begun, type Bundle, type CarryOut, retry } from './carry-out.ts';
import { ACTOR, COMMAND, REASON } from './gate-policy.ts';
import { pointerTo } from './labels.ts';
import type { Look, Subject } from './look.ts';
import { type Asked, askedOf, deedOf, isBack, isOnceOnly } from './person.ts';
import type { PipelineStatus } from './resource-status.ts';
import { type PipelineResource, pathOfPipeline, STAGE, WORD } from './resources.ts';

type LastCommand = NonNullable<PipelineStatus['lastCommand']>;

interface Obeying {
  client: KubeClient;
  clock: Clock;
  controller: Controller;
}

/** Undefined when nothing is asked, or another replica has taken it. */
export async function obeyPerson(
  subject: Subject & { bundle: Bundle },
  seen: Look,
  o: Omit<CarryOut, 'controller'> & Obeying,
): Promise<LastCommand | undefined> {
  const again = () => retry(subject, seen, o);
  return obey(subject.resource, seen.newest, o, again);
}

/** @param again begins a release of the version once more */
export async function obey(
  resource: PipelineResource,
  newest: Release | undefined,
  o: Obeying,
  again: () => Promise<Begun>,
): Promise<LastCommand | undefined> {
  const asked = askedOf(resource);
  if (!asked) return undefined;
  const isFirst = isOnceOnly(asked);
  if (isFirst && !(await take(resource, o.client))) return undefined;
  const result = await carriedOut(asked, newest, o, again);
  // Another one has taken it, and tells what came of it.
  if (!isFirst && !(await take(resource, o.client))) return undefined;
  return { command: asked.text, actor: asked.actor, at: toTimestamp(o.clock.nowMs()), result };
}

async function carriedOut(
  asked: Asked,
  newest: Release | undefined,
  { controller }: Obeying,
  again: () => Promise<Begun>,
): Promise<string> {
  const deed = deedOf(asked, newest);
  if ('refused' in deed) return `refused: ${deed.refused}`;
  if ('done' in deed) return doneAt(deed.done);
  try {
    if ('retry' in deed) {
      const { why, hasBegun } = await again();
      return hasBegun ? `done: ${why}` : `refused: ${why}`;
    }
    return doneAt(await controller.command(newest!.id, deed.command));
  } catch (error) {
    const failed = error instanceof Refusal ? asFailure(error, 'it was not carried out') : error;
    const { code, message, hint } = asSpillwayError(failed);
    // A store that is away is asked again; what the release refuses is an answer.
    if (code === 'STORE_UNAVAILABLE') throw error;
    const now = asked.text === 'rollback' && (await controller.release(newest!.id));
    if (now && isBack(now)) return doneAt(now);
    return `refused: ${message} ${hint}`;
  }
}

const doneAt = (release: Release) => `done: ${release.phase} at ${shareOf(release)} %`;

/** @returns whether it was there still */
async function take({ metadata }: PipelineResource, client: KubeClient): Promise<boolean> {
  const { annotations = {} } = metadata;
  const place = (key: string) => `/metadata/annotations/${pointerTo(key)}`;
  const there = [COMMAND, REASON, STAGE, WORD, ACTOR].filter(key => annotations[key] !== undefined);
  try {
    await client.patch(pathOfPipeline(metadata), [
      { op: 'test', path: place(COMMAND), value: annotations[COMMAND] },
      ...there.map((key): Operation => ({ op: 'remove', path: place(key) })),
    ]);
    return true;
  } catch (error) {
    if (error instanceof Refusal && [404, 409, 422].includes(error.status)) return false;
    throw error;
  }
}
