/** Short forms of plans, for tests of the runner and its documents. */
import type { CasePlan, GraderPlan, GraderType, Json, SuitePlan } from '../config/plan.ts';
import type { Provider } from './call.ts';

export function grader(type: GraderType, value: Json, more: Partial<GraderPlan> = {}): GraderPlan {
  return { type, value, not: false, weight: 1, ...more };
}

export function casePlan(id: string, more: Partial<CasePlan> = {}): CasePlan {
  return { id, name: id, vars: { q: id }, graders: [grader('contains', id.toUpperCase())], ...more };
}

/** Cases `case-1` to `case-<count>`, each asking for its own id in capitals. */
export function suitePlan(count: number, more: Partial<SuitePlan> = {}): SuitePlan {
  return {
    name: 'capitals',
    file: 'capitals.yaml',
    provider: { id: 'openai:chat:model-of-the-suite', config: {} },
    cases: Array.from({ length: count }, (_, index) => casePlan(`case-${index + 1}`)),
    prompts: [{ template: 'say {{q}}' }],
    ...more,
  };
}

/** Numbers in [0, 1) that are the same for the same seed (Steele's SplitMix, 32 bits). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A provider without a network, for what is not about the network. */
export function provider(call: Provider['call']): Provider {
  return { call, close: async () => {} };
}
