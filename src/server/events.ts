/**
 * What happens to releases, as a stream that can be resumed. The last events are kept in memory in wire form; who asks for
 * older ones, or comes for the first time, gets the whole state of the active releases instead, which says the same.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Controller, ControllerEvent } from '../controller/face.ts';
import { toWire } from './contract.ts';
import { type HubOptions, sseFrame, sseHub } from './sse.ts';

const MAX_EVENTS = 10_000;
/** Releases carry their evidence, so a count alone would not bound the memory. Seconds of 200 releases, hours of a few. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Of the whole state, until one was read while no event was dropped. */
const READS_MAX = 5;

export interface EventFeed {
  open(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Open streams. */
  size(): number;
  close(): void;
}

interface Kept {
  sequence: number;
  frame: Buffer;
}

export function eventFeed(controller: Pick<Controller, 'onEvent' | 'releases'>, options: HubOptions): EventFeed {
  const { clock } = options;
  const hub = sseHub(options);
  // Grows over restarts too (a thousand events a millisecond would be needed to catch up with the clock), so that an id
  // from the process before is never taken for one of this.
  let sequence = clock.nowMs() * 1_000;
  const ring: Kept[] = [];
  let bytes = 0;

  function keep(event: ControllerEvent): void {
    sequence += 1;
    const frame = sseFrame(event.type, payloadOf(event), sequence);
    ring.push({ sequence, frame });
    bytes += frame.length;
    while (ring.length > MAX_EVENTS || bytes > MAX_BYTES) bytes -= ring.shift()!.frame.length;
    hub.broadcast(frame);
  }
  const unsubscribe = controller.onEvent(keep);

  /** Events after `last`; undefined when some of them are no longer here, or `last` is none of ours. */
  function after(last: number): Buffer[] | undefined {
    const oldest = ring[0]?.sequence ?? sequence + 1;
    if (!(last >= oldest - 1 && last <= sequence)) return undefined;
    return ring.slice(last - oldest + 1).map(kept => kept.frame);
  }

  async function wholeState(): Promise<Buffer[]> {
    const frames: Buffer[] = [];
    let cursor: string | undefined;
    do {
      const page = await controller.releases({
        active: true,
        limit: 1_000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const release of page.releases) frames.push(sseFrame('release', toWire(release)));
      cursor = page.next;
    } while (cursor !== undefined);
    return frames;
  }

  return {
    async open(req, res) {
      const header = req.headers['last-event-id'];
      const resumed = typeof header === 'string' && /^\d{1,16}$/.test(header) ? after(Number(header)) : undefined;
      if (resumed) return hub.open(req, res, resumed);
      for (let reads = 1; reads <= READS_MAX; reads++) {
        const start = sequence;
        const state = await wholeState();
        // The state is from somewhere after `start`: repeating what came meanwhile leaves each release at its newest.
        const meanwhile = after(start);
        if (!meanwhile) continue;
        return hub.open(req, res, [...state, sseFrame('synced', {}, start), ...meanwhile]);
      }
      // It comes again, when less happens.
      res.destroy();
    },
    size: hub.size,
    close() {
      unsubscribe();
      hub.close();
    },
  };
}

function payloadOf(event: ControllerEvent): unknown {
  switch (event.type) {
    case 'release':
      return toWire(event.release);
    case 'audit':
      return event.event;
    case 'progress':
      return event.progress;
    case 'alert':
      return event.alert;
  }
}
