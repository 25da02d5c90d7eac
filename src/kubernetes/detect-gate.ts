/**
 * Finds out how a changed template is held in this cluster: by the policy of the API server, where it is installed and in force,
 * else by leaving the Deployment paused between releases. Asked anew from time to time, because a policy may come or go.
 */
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { GATE_POLICY } from './gate-policy.ts';
import type { Gate } from './next-step.ts';

const PATH = `/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/${GATE_POLICY}`;
const ASK_EVERY_MS = 30_000;

export interface GateWatch {
  /** As it was last found. */
  gate(): Gate;
  ended: Promise<void>;
}

/** Resolves when it was asked once; a server that does not answer leaves the safer one: `paused`. */
export async function watchGate(
  client: KubeClient,
  { clock, onChange }: { clock: Clock; onChange: (gate: Gate) => void },
  signal: AbortSignal,
): Promise<GateWatch> {
  let gate = (await ask(client)) ?? 'paused';
  async function run(): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(ASK_EVERY_MS, signal);
      if (signal.aborted) return;
      const found = await ask(client);
      if (found === undefined || found === gate) continue;
      gate = found;
      onChange(gate);
    }
  }
  return { gate: () => gate, ended: run() };
}

/** Undefined when nothing could be found out: what was known stands. */
async function ask(client: KubeClient): Promise<Gate | undefined> {
  try {
    await client.get(PATH);
    return 'policy';
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return 'paused';
    return undefined;
  }
}
