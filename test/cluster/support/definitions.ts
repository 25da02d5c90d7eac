/** Makes the cluster know Spillway's resources, from the files that the chart installs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { until } from '../../support/until.ts';
import type { KubeObject } from '../client/objects.ts';
import type { Cluster } from './cluster.ts';

const FOLDER = join(import.meta.dirname, '../../../chart/crds');

/** Returns when both can be read and written. They stay: other tests in this cluster may use them too. */
export async function installDefinitions({ api }: Pick<Cluster, 'api'>): Promise<void> {
  const definitions = readdirSync(FOLDER).map(file => parse(readFileSync(join(FOLDER, file), 'utf8')) as KubeObject);
  for (const definition of definitions) await api.apply(definition);
  for (const { metadata, spec } of definitions)
    await until(`${metadata.name} is served`, () =>
      api.call('GET', `/apis/${spec.group}/${spec.versions[0].name}/${spec.names.plural}`),
    );
}
