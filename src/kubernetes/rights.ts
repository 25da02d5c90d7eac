/**
 * What the server may do in a cluster, and why: the one list from which the chart's ClusterRole and its page are made, and to
 * which tests hold the controller. No Secrets, no `update` (every write is a patch), nothing with a wildcard.
 */

export interface Right {
  apiGroups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
  why: string;
}

const LOOK = ['get', 'list', 'watch'] as const;
const OWN = [...LOOK, 'create', 'patch', 'delete'] as const;

export const RIGHTS: readonly Right[] = [
  {
    apiGroups: ['spillway.dev'],
    resources: ['pipelines'],
    verbs: [...LOOK, 'patch'],
    why: 'follows pipelines, takes away the annotation of a command that is carried out, keeps its finalizer',
  },
  {
    apiGroups: ['spillway.dev'],
    resources: ['releases'],
    verbs: OWN,
    why: 'keeps one record for each attempt, up to a limit',
  },
  {
    apiGroups: ['spillway.dev'],
    resources: ['pipelines/status', 'releases/status'],
    verbs: ['get', 'patch'],
    why: 'says where a release stands',
  },
  {
    apiGroups: ['apps'],
    resources: ['deployments'],
    verbs: OWN,
    why: 'resumes a held Deployment, puts its old template back, makes and removes the candidate’s',
  },
  {
    apiGroups: ['apps'],
    resources: ['replicasets'],
    verbs: ['list'],
    why: 'finds the template that serves, when it meets a Deployment that is held already',
  },
  {
    apiGroups: [''],
    resources: ['services'],
    verbs: OWN,
    why: 'finds the Service of a workload, makes and removes the candidate’s',
  },
  {
    apiGroups: [''],
    resources: ['pods'],
    verbs: LOOK,
    why: 'sees restarts, images that cannot be pulled and pods that are not ready',
  },
  {
    apiGroups: ['discovery.k8s.io'],
    resources: ['endpointslices'],
    verbs: LOOK,
    why: 'knows when the gateway can reach a candidate',
  },
  {
    apiGroups: [''],
    resources: ['configmaps'],
    verbs: LOOK,
    why: 'follows, each by its name, those with the prompts and suites that a pipeline names',
  },
  {
    apiGroups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: OWN,
    why: 'clones for the candidate what selects the stable pods',
  },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: OWN, why: 'the same' },
  {
    apiGroups: ['monitoring.coreos.com'],
    resources: ['podmonitors'],
    verbs: OWN,
    why: 'the same, where the Prometheus operator is installed',
  },
  {
    apiGroups: ['autoscaling'],
    resources: ['horizontalpodautoscalers'],
    verbs: [...LOOK, 'patch'],
    why: 'holds `minReplicas` during a release, so that the baseline stays warm',
  },
  {
    apiGroups: ['gateway.networking.k8s.io'],
    resources: ['httproutes', 'grpcroutes'],
    verbs: [...LOOK, 'patch'],
    why: 'moves weights; adds the candidate’s backend and takes it out',
  },
  {
    apiGroups: ['gateway.networking.k8s.io'],
    resources: ['gateways', 'gatewayclasses', 'referencegrants'],
    verbs: ['get', 'list'],
    why: 'checks what a gateway supports before the first raise',
  },
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['mutatingadmissionpolicybindings'],
    verbs: ['get'],
    why: 'knows whether the API server holds changed templates',
  },
];
