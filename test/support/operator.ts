/**
 * A restless operator: begins releases and gives commands by seeded chance, and remembers what the server acknowledged.
 * Answers that never come are part of the game: then nobody knows whether the command counted.
 */
import type { WireRelease } from '../../src/server/contract.ts';
import type { AuditEvent } from '../../src/store/store.ts';
import type { Answer, Api } from './api.ts';
import { documentsOf } from './documents.ts';

export interface Operator {
  /** A release of a new version: as good, slow (caught by the statistics) or broken (caught by the error rate). */
  begin(text?: string): Promise<Answer | undefined>;
  /** Gives one command that the release may take. */
  act(release: WireRelease): Promise<unknown>;
  ask(release: WireRelease, kind: string, body?: object): Promise<void>;
  /** Commands answered with 200 that the audit does not know. */
  unrecorded(audit: readonly AuditEvent[]): string[];
  begun(): number;
}

const EXPOSED = ['rollingOut', 'baking'];
export const isExposed = ({ phase }: WireRelease) => EXPOSED.includes(phase);

/** @param random uniform in [0, 1) */
export function operator(client: Api, random: () => number): Operator {
  const acknowledged: string[] = [];
  let versions = 0;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

  async function ask(release: WireRelease, kind: string, body: object = {}): Promise<void> {
    const answer = await client.command(release.id, kind, body).catch(() => undefined);
    if (answer?.status === 200) acknowledged.push(`${release.id} ${kind}`);
  }

  async function begin(text = pick(['is friendly', 'is slow', 'is broken', 'is brief'])): Promise<Answer | undefined> {
    const wishes = { cases: 6, test: { workers: 2 }, stage: { hold: '400ms' } };
    return client.release(documentsOf({ text: `Version ${++versions} ${text}.`, ...wishes })).catch(() => undefined);
  }

  return {
    begin,
    ask,
    async act(release) {
      if (!isExposed(release)) return random() < 0.2 ? ask(release, 'cancel') : undefined;
      if (release.hold?.reason === 'paused') return ask(release, 'resume');
      switch (pick(['promote', 'promote', 'full', 'pause', 'supersede', 'rollback', 'cancel'])) {
        case 'full':
          return ask(release, 'promote', { full: true });
        case 'supersede':
          return begin();
        case 'rollback':
          return ask(release, 'rollback', { reason: 'by hand' });
        case 'pause':
          return ask(release, 'pause');
        case 'cancel':
          return ask(release, 'cancel');
        default:
          return ask(release, 'promote');
      }
    },
    unrecorded(audit) {
      const recorded = new Set(audit.flatMap(event => commandsOf(event).map(kind => `${event.releaseId} ${kind}`)));
      return acknowledged.filter(command => !recorded.has(command));
    },
    begun: () => versions,
  };
}

/** The commands that an event can be the record of: a promote is an advance over the verdict; whom nobody has met is cancelled. */
function commandsOf({ kind, evidence }: AuditEvent): string[] {
  if ((evidence as { override?: boolean }).override === true) return ['promote'];
  return kind === 'cancel' ? ['cancel', 'rollback'] : [kind];
}
