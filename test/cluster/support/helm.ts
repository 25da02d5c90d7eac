/** Helm, the chart of this checkout, and values for a cluster whose pods share one network. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from './cluster.ts';

export const CHART = join(import.meta.dirname, '../../../chart');

export type Settings = Readonly<Record<string, string | number | boolean>>;

export interface Helm {
  /** @returns what it prints. @throws with what it printed on stderr */
  run(...args: string[]): Promise<string>;
  /** `install`, `upgrade` or `template` of the chart, with values below `cicdPipeline`. */
  chart(command: readonly string[], settings?: Settings): Promise<string>;
}

export function openHelm(cluster: Cluster): Helm {
  const run = async (...args: string[]) => {
    const options = { timeout: 120_000, maxBuffer: 10_000_000 };
    return (await promisify(execFile)('helm', ['--namespace', cluster.namespace, ...args], options)).stdout;
  };
  return {
    run,
    chart(command, settings = {}) {
      const all: Settings = { host: '$(POD_IP)', ...settings };
      const set = Object.entries(all).flatMap(([name, value]) => ['--set', `cicdPipeline.${name}=${value}`]);
      return run(...command, CHART, ...set);
    },
  };
}
