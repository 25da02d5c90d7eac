/**
 * The process kubelet: one node whose containers are processes of this machine. Takes KUBECONFIG and CLUSTER_FOLDER. It is not
 * taken up again when it ends: the processes of its pods would be strangers to the next one.
 */
import { openApi, readAccess } from '../client/api.ts';
import { serveEndpoints } from './endpoints.ts';
import { keepLease, registerNode } from './node.ts';
import { followPods } from './pods.ts';
import { openWorld } from './world.ts';

const folder = process.env['CLUSTER_FOLDER'];
const kubeconfig = process.env['KUBECONFIG'];
if (!folder || !kubeconfig) throw new Error('CLUSTER_FOLDER and KUBECONFIG have to be set');

const api = openApi(readAccess(kubeconfig));
const world = openWorld(api, folder);
const { signal } = new AbortController();
await registerNode(api);
const lives = followPods(api, world, signal);
serveEndpoints(lives, folder);
await keepLease(api, world.say, signal);
