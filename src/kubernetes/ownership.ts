/**
 * What is left in `managedFields` of an object of somebody else's when we have given it back: that we were the last to write a field.
 * Left there, it would be a conflict for whoever applies the field next. A field that nobody owns is a conflict for nobody. Pure.
 */
import { FIELD_MANAGER, type KubeObject, type ObjectMeta, type Operation } from '../kube/client.ts';

/** Of the lower bound of autoscalers. */
export const HOLD_MANAGER = 'spillway-hold';
const OURS = [FIELD_MANAGER, HOLD_MANAGER];

export interface Managed extends KubeObject {
  metadata: ObjectMeta & { managedFields?: { manager?: string }[] };
}

/** Takes our names out. Empty when they are not there, or when nobody else's are: an empty list would change nothing. */
export function forgettingPatch({ metadata }: Managed): Operation[] {
  const { managedFields = [], resourceVersion } = metadata;
  const others = managedFields.filter(({ manager = '' }) => !OURS.includes(manager));
  if (others.length === managedFields.length || others.length === 0) return [];
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'replace', path: '/metadata/managedFields', value: others },
  ];
}
