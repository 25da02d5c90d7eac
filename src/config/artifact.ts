/**
 * Names of artifacts. A prompt has its own name; a workload has that of its namespace and pipeline, with a dot between, which
 * no prompt's name may hold: so the two never meet, and the name alone tells who routes it.
 */
export const workloadArtifact = (namespace: string, pipeline: string) => `${namespace}.${pipeline}`;

export const isWorkload = (artifact: string) => artifact.includes('.');
