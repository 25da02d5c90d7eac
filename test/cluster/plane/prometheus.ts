/**
 * Prometheus, scraping the data plane and every annotated pod once a second. Debian's build cannot discover pods by itself
 * (it is compiled without Kubernetes), so the process kubelet tells it over HTTP which there are.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_INSIGHT, KUBELET, PROMETHEUS } from './addresses.ts';
import type { Site } from './control-plane.ts';
import { type Program, startProgram } from './program.ts';

export function startPrometheus({ folder, binaries }: Site): Program {
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    scrape_configs: [
      { job_name: 'traefik', static_configs: [{ targets: [new URL(GATEWAY_INSIGHT).host] }] },
      { job_name: 'pods', http_sd_configs: [{ url: `${KUBELET}/scrape-targets`, refresh_interval: '1s' }] },
    ],
  };
  const file = join(folder, 'prometheus.yml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(configuration, null, 2));
  const argv = [
    binaries.prometheus,
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=${new URL(PROMETHEUS).host}`,
    '--log.level=warn',
  ];
  return startProgram(folder, { name: 'prometheus', argv });
}
