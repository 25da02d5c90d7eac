// Exits 1 while a Deployment in the gate is paused or a release is under way, and says which and what to do. Without
// dependencies, because it runs as the argument of `node --eval`; the authority of the API server comes by
// NODE_EXTRA_CA_CERTS.
import { readFileSync } from 'node:fs';

const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
const token = readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8').trim();

async function list(path) {
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  // Whose definition is gone has no objects.
  if (answer.status === 404) return [];
  const { items, message } = await answer.json();
  if (!answer.ok) throw new Error(`${path} cannot be listed: ${answer.status} ${message}`);
  return items;
}

const namesOf = objects => objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');

try {
  const paused = (await list('/apis/apps/v1/deployments?labelSelector=spillway.dev/gate')).filter(
    ({ spec }) => spec.paused,
  );
  const pipelines = await list('/apis/spillway.dev/v1alpha1/pipelines');
  // There while a release of it has something to bring back.
  const busy = pipelines.filter(({ metadata }) => metadata.finalizers?.includes('spillway.dev/traffic'));
  const reasons = [
    ...(paused.length > 0 ? [`Spillway holds ${namesOf(paused)}: uninstalled now, nobody would let them go.`] : []),
    ...(busy.length > 0
      ? [`Releases are under way for ${namesOf(busy)}: uninstalled now, nobody would end them.`]
      : []),
  ];
  if (reasons.length > 0)
    throw new Error(
      `${reasons.join(' ')} Wait for their ends or take them back (spillway rollback NAME --kube), resume by hand what stays paused, or pass --no-hooks.`,
    );
} catch (error) {
  process.stderr.write(`${error.message}${error.cause ? `: ${error.cause.message}` : ''}\n`);
  process.exitCode = 1;
}
