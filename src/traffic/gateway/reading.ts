/**
 * What a route object says: the weight of each rule that is split, and what its gateways think of it. Says nothing about
 * what the data plane does; that is the probe's. Pure.
 */
import { type Condition, epochOf, type ManagedFields, type ParentRef, type RouteObject } from './object.ts';
import type { Target } from './patch.ts';
import { shareOf, splitRules } from './split.ts';

export interface ParentReading {
  /** `namespace/name[/section]` of the Gateway, and who speaks for it. */
  parent: string;
  controller: string;
  /** The oldest generation that one of its conditions speaks of; 0 when it has none. */
  observedGeneration: number;
  /** Why it does not serve the route; empty when Accepted and ResolvedRefs are both True. */
  problems: string[];
}

export interface RouteReading {
  /** Percent of the pair's requests; the highest, when rules differ. Undefined when no rule is split. */
  weight: number | undefined;
  byRule: { rule: string; weight: number }[];
  epoch: number | undefined;
  generation: number;
  parents: ParentReading[];
}

export function readWeight(route: RouteObject, target: Target): RouteReading {
  const rules = splitRules(route, target, target.address.rule);
  const byRule = rules.map(rule => ({ rule: rule.name ?? `${rule.index}`, weight: shareOf(rule) }));
  return {
    weight: byRule.length === 0 ? undefined : Math.max(...byRule.map(({ weight }) => weight)),
    byRule,
    epoch: epochOf(route),
    generation: route.metadata.generation ?? 0,
    parents: readParents(route),
  };
}

const NEEDED = ['Accepted', 'ResolvedRefs'];

function readParents(route: RouteObject): ParentReading[] {
  return (route.status?.parents ?? [])
    .filter(isParentOf(route))
    .map(({ parentRef, controllerName = '', conditions = [] }) => {
      const needed = NEEDED.map(
        type => conditions.find(condition => condition.type === type) ?? { type, status: 'Unknown' },
      );
      const { namespace = route.metadata.namespace, name, sectionName } = parentRef;
      return {
        parent: [namespace, name, sectionName].filter(part => part !== undefined).join('/'),
        controller: controllerName,
        observedGeneration: Math.min(...needed.map(({ observedGeneration = 0 }: Condition) => observedGeneration)),
        problems: needed.filter(({ status }) => status !== 'True').map(problemOf),
      };
    });
}

/** What a controller that is gone has said of a gateway that the route does not name any more is no verdict on it. */
function isParentOf({ metadata, spec }: RouteObject) {
  const named = spec?.parentRefs;
  return ({ parentRef }: { parentRef: ParentRef }): boolean =>
    named === undefined ||
    named.some(
      ({ name, namespace = metadata.namespace }) =>
        name === parentRef.name && namespace === (parentRef.namespace ?? metadata.namespace),
    );
}

function problemOf({ type, status, reason, message }: Condition): string {
  return [`${type}=${status}`, reason, message].filter(Boolean).join(' ');
}

export type Acceptance = { is: 'accepted' } | { is: 'pending'; why: string } | { is: 'refused'; why: string };

/** Whether every parent has seen the generation and serves it. A verdict on an older generation is none. */
export function acceptanceOf({ generation, parents }: RouteReading): Acceptance {
  if (parents.length === 0) return { is: 'pending', why: 'no gateway has taken it up' };
  const late = parents.find(({ observedGeneration }) => observedGeneration < generation);
  if (late)
    return { is: 'pending', why: `${late.parent} has seen generation ${late.observedGeneration} of ${generation}` };
  const broken = parents.filter(({ problems }) => problems.length > 0);
  if (broken.length === 0) return { is: 'accepted' };
  return { is: 'refused', why: broken.map(({ parent, problems }) => `${parent}: ${problems.join(', ')}`).join('; ') };
}

/** Who changed the rules last: field manager of the newest entry that holds them, status writes left out. */
export function lastWriter(route: RouteObject): string {
  const holdsRules = ({ subresource, fieldsV1 }: ManagedFields) => {
    const spec = fieldsV1?.['f:spec'] as Record<string, unknown> | undefined;
    return subresource === undefined && spec?.['f:rules'] !== undefined;
  };
  const entries = (route.metadata.managedFields ?? []).filter(holdsRules);
  const newest = entries.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0];
  return newest?.manager ?? 'unknown';
}
