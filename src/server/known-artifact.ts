/** What the outcome intake must know of an artifact, as the registry tells it. For whoever puts the two together. */
import type { KnownArtifact } from '../metrics/sort-outcomes.ts';
import type { Assignment } from '../traffic/registry.ts';

/** Evidence is kept while a candidate is routed, also at 100 %: the error-rate limit still acts there. */
export function knownArtifact(assignment: Assignment | undefined): KnownArtifact | undefined {
  if (!assignment) return undefined;
  const { baseline, candidate, releaseId } = assignment;
  return {
    versions: { baseline: baseline.version, candidate: candidate?.version ?? null },
    storing: candidate !== undefined && releaseId !== null,
  };
}
