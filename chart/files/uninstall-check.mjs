// Exits 1 while a Deployment in the gate is paused, and says which and what to do. Without dependencies, because it runs as
// the argument of `node --eval`; the authority of the API server comes by NODE_EXTRA_CA_CERTS.
import { readFileSync } from 'node:fs';

const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
const token = readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8').trim();
const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}/apis/apps/v1/deployments?labelSelector=spillway.dev/gate`;

const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
const { items = [], message } = await answer.json();
if (!answer.ok) {
  process.stderr.write(`Deployments cannot be listed: ${answer.status} ${message}\n`);
  process.exit(1);
}
const paused = items.filter(({ spec }) => spec.paused).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
if (paused.length > 0) {
  process.stderr.write(
    `Spillway holds ${paused.join(', ')}: uninstalled now, nobody would let them go. ` +
      'Take them back (spillway rollback), wait for their releases, or pass --no-hooks and resume them by hand.\n',
  );
  process.exit(1);
}
