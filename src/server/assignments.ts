/**
 * The stream that SDKs resolve from: every assignment first, then `synced`, then each change in the turn in which it is
 * live. It is the path of a rollback to the apps, so nothing waits here and nothing is asked of the store.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PromptRegistry } from '../traffic/registry.ts';
import { type HubOptions, sseFrame, sseHub } from './sse.ts';

export type AssignmentSource = Pick<PromptRegistry, 'assignment' | 'assignments' | 'subscribe'>;

export interface AssignmentStream {
  open(req: IncomingMessage, res: ServerResponse): void;
  /** Open streams. */
  size(): number;
  close(): void;
}

export function assignmentStream(registry: AssignmentSource, options: HubOptions): AssignmentStream {
  const hub = sseHub(options);
  const unsubscribe = registry.subscribe(assignment => {
    if (hub.size() > 0) hub.broadcast(sseFrame('assignment', assignment));
  });
  return {
    size: hub.size,
    open(req, res) {
      const state = registry.assignments().map(assignment => sseFrame('assignment', assignment));
      hub.open(req, res, [...state, sseFrame('synced', { artifacts: state.length })]);
    },
    close() {
      unsubscribe();
      hub.close();
    },
  };
}
