/**
 * The values of the Helm chart: their kinds, defaults and descriptions. `values.yaml`, `values.schema.json` and the table of
 * the reference are generated from here, so that the three cannot disagree.
 */
import { z } from 'zod';

const Quantity = z.union([z.string(), z.number()]);
const Amounts = z.record(z.string(), Quantity);
const FreeForm = z.record(z.string(), z.unknown());

const Image = z
  .strictObject({
    repository: z.string().min(1).default('spillway').describe('Its entry point is `spillway`; `node` is on its PATH.'),
    tag: z.string().default('').describe('The version of the chart by default.'),
    pullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent').describe('When it is pulled.'),
    pullSecrets: z.array(z.string().min(1)).default([]).describe('Names of Secrets for its registry.'),
  })
  .prefault({})
  .describe('The image of the server.');

const claim = (isClaimed: boolean, what: string, where: string) =>
  z
    .strictObject({
      claim: z.boolean().default(isClaimed).describe(where),
      size: Quantity.default('1Gi').describe('Of the claim, or the most that may be kept.'),
      storageClass: z.string().default('').describe('Of the claim; the default class of the cluster by default.'),
    })
    .prefault({})
    .describe(what);

const CicdPipeline = z
  .strictObject({
    image: Image,
    replicas: z.int().min(1).max(99).default(1).describe('More than one need `database`.'),
    database: z
      .strictObject({
        secret: z.string().default('').describe('Secret that holds the address, `postgres://…`.'),
        key: z.string().min(1).default('url').describe('Its key in that Secret.'),
      })
      .prefault({})
      .describe('PostgreSQL in the place of SQLite on a volume.'),
    token: z
      .strictObject({
        secret: z.string().default('').describe('Secret that you made; by default the chart makes one, once.'),
        key: z.string().min(1).default('token').describe('Its key in that Secret.'),
      })
      .prefault({})
      .describe('What callers of the server must bring.'),
    host: z
      .string()
      .min(1)
      .default('0.0.0.0')
      .describe('Address that the server listens on; `::` for both families, `$(POD_IP)` for that of the pod.'),
    kubernetes: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Follow Pipelines of the cluster (`serve --kube`), with the rights below; off for prompts alone.'),
      })
      .prefault({})
      .describe('Releases of workloads.'),
    gate: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Let the API server hold changed templates; from Kubernetes 1.36, older ones leave it out.'),
      })
      .prefault({})
      .describe('Admission policies.'),
    prometheusUrl: z.string().default('').describe('For pipelines that name none; SPILLWAY_PROMETHEUS_URL.'),
    env: z.array(FreeForm).default([]).describe('Further variables, as in a container: keys of model providers.'),
    resources: z
      .strictObject({
        requests: Amounts.default({ cpu: '200m', memory: '512Mi' }).describe('What is kept free for it.'),
        limits: Amounts.default({ cpu: '1000m', memory: '1Gi' }).describe('What it may take.'),
      })
      .prefault({})
      .describe('Of the server’s container.'),
    data: claim(true, 'Store and rollback journal.', 'A claim, which survives the pod. With `database` never.'),
    cache: claim(
      false,
      'Temporary files; all else of the file system is read-only.',
      'A claim in the place of an emptyDir.',
    ),
    networkPolicy: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Deny everything but what follows.'),
        from: z
          .array(FreeForm)
          .default([])
          .describe('Peers that may call port 8085, as in a NetworkPolicy; empty: all.'),
        egressPorts: z
          .array(z.int().min(1).max(65_535))
          .default([443, 6443, 9090])
          .describe('TCP ports it may call: API server, providers, Prometheus. Add those of probes and health checks.'),
      })
      .prefault({})
      .describe('DNS is always open, PostgreSQL’s 5432 with `database`.'),
    podAnnotations: z.record(z.string(), z.string()).default({}).describe('For scrapers and meshes.'),
    nodeSelector: z.record(z.string(), z.string()).default({}).describe('Nodes that it may run on.'),
    tolerations: z.array(FreeForm).default([]).describe('Taints that it bears.'),
  })
  .prefault({})
  .describe('The server of Spillway.');

export const Values = z.strictObject({
  cicdPipeline: CicdPipeline,
  global: FreeForm.optional().describe('Of charts that contain this one; not read.'),
});

/** SQLite is one file that one process writes. */
const REPLICAS_NEED_A_DATABASE = {
  if: { properties: { replicas: { minimum: 2 } }, required: ['replicas'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: {
    properties: { database: { properties: { secret: { minLength: 1 } }, required: ['secret'] } },
    required: ['database'],
  },
};

export function valuesSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(Values, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === CicdPipeline) Object.assign(jsonSchema, REPLICAS_NEED_A_DATABASE);
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
}
