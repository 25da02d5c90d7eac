/**
 * The gate: three admission policies with which the API server itself holds a changed template, keeps it held, and says who
 * gave a command. No webhook: nothing of ours is in the path of a write, and a held template stays held while Spillway is
 * down. As data, because the chart is made from it, tests install it and `serve --kube` looks for it.
 *
 * All three fail closed. They are expressions that the API server evaluates: they can fail by a mistake in them, not by
 * a server that is away, and then a refused write is seen at once, while an untested template would not be.
 */

export const GATE_LABEL = 'spillway.dev/gate';
export const HELD = 'spillway.dev/held';
/** The Deployment is kept paused between releases, by us: where no policy holds its next template. */
export const KEPT_PAUSED = 'spillway.dev/kept-paused';
export const BREAK_GLASS = 'spillway.dev/break-glass';
export const COMMAND = 'spillway.dev/command';
export const REASON = 'spillway.dev/reason';
export const ACTOR = 'spillway.dev/actor';
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

export const GATE_POLICY = 'spillway-gate';
export const HELD_POLICY = 'spillway-held';
export const ACTOR_POLICY = 'spillway-actor';

export interface PolicyObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels: Record<string, string> };
  spec: object;
}

const API_VERSION = 'admissionregistration.k8s.io/v1';
const annotation = (of: 'object' | 'oldObject', key: string) => `${of}.metadata.?annotations[?'${key}'].orValue('')`;
const isPaused = (of: 'object' | 'oldObject') => `(has(${of}.spec.paused) && ${of}.spec.paused)`;
const label = (of: 'object' | 'oldObject', key: string) => `${of}.metadata.?labels[?'${key}'].orValue('')`;

/** What a template says, but for the stamp that `kubectl rollout restart` puts in. */
function templateChanges(): string {
  const of = (name: string, field: string) => `${name}.spec.template.metadata.?${field}.orValue({})`;
  const [now, before] = [of('object', 'annotations'), of('oldObject', 'annotations')];
  const isStamp = `key == '${RESTARTED_AT}'`;
  return [
    'object.spec.template.spec != oldObject.spec.template.spec',
    `${of('object', 'labels')} != ${of('oldObject', 'labels')}`,
    `!${now}.all(key, ${isStamp} || (key in ${before} && ${now}[key] == ${before}[key]))`,
    `!${before}.all(key, ${isStamp} || key in ${now})`,
  ].join(' || ');
}

const deploymentUpdates = {
  objectSelector: { matchExpressions: [{ key: GATE_LABEL, operator: 'Exists' }] },
  // Scaling is a subresource of its own, which is not matched.
  resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['UPDATE'] }],
};

const notController = (username: string) => ({
  name: 'not-the-controller',
  expression: `request.userInfo.username != '${username}'`,
});

/** Set anew in this very write: one that was left standing opens nothing. */
const glassIsWhole = {
  name: 'glass-is-whole',
  expression: `${annotation('object', BREAK_GLASS)}.trim() == '' || ${annotation('object', BREAK_GLASS)} == ${annotation('oldObject', BREAK_GLASS)}`,
};

function gate(controller: string): object {
  return {
    failurePolicy: 'Fail',
    // A webhook that changes the template after this has run makes it run again.
    reinvocationPolicy: 'IfNeeded',
    matchConstraints: deploymentUpdates,
    matchConditions: [
      notController(controller),
      { name: 'gated', expression: `${label('object', GATE_LABEL)} != ''` },
      { name: 'template-changes', expression: templateChanges() },
      glassIsWhole,
    ],
    mutations: [
      {
        patchType: 'ApplyConfiguration',
        applyConfiguration: {
          expression: `Object{metadata: Object.metadata{annotations: {'${HELD}': 'true'}}, spec: Object.spec{paused: true}}`,
        },
      },
    ],
  };
}

function held(controller: string): object {
  const rule = (what: string, expression: string) => ({
    expression,
    messageExpression: `'${what} ' + variables.out`,
    reason: 'Forbidden',
  });
  const breakGlass = `{"metadata":{"annotations":{"${BREAK_GLASS}":"WHY"}},"spec":{"paused":false}}`;
  return {
    failurePolicy: 'Fail',
    matchConstraints: deploymentUpdates,
    matchConditions: [
      notController(controller),
      {
        name: 'held',
        expression: `${annotation('oldObject', HELD)} == 'true' && ${isPaused('oldObject')}`,
      },
      glassIsWhole,
    ],
    variables: [
      {
        name: 'out',
        expression: [
          `'its new template is held until Spillway has tried it (pipeline ' + ${label('oldObject', GATE_LABEL)} + `,
          `'). To take it back: spillway rollback ' + ${label('oldObject', GATE_LABEL)} + ' --kube --namespace ' + request.namespace + `,
          `'. To let it go untried, which is audited: kubectl -n ' + request.namespace + ' patch deployment ' + request.name + `,
          ` ' --type merge -p \\'${breakGlass}\\''`,
        ].join(''),
      },
    ],
    validations: [
      rule('the Deployment must stay paused:', isPaused('object')),
      rule(`the annotation ${HELD} must stay:`, `${annotation('object', HELD)} == 'true'`),
      rule(`the label ${GATE_LABEL} must stay:`, `${label('object', GATE_LABEL)} == ${label('oldObject', GATE_LABEL)}`),
    ],
  };
}

/** Nobody is exempt: whoever touches a command, its reason or its actor is the actor. Without a command nothing is read. */
function actor(): object {
  const changes = [COMMAND, REASON, ACTOR].map(
    key => `${annotation('object', key)} != ${annotation('oldObject', key)}`,
  );
  return {
    failurePolicy: 'Fail',
    reinvocationPolicy: 'IfNeeded',
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: ['spillway.dev'],
          apiVersions: ['*'],
          resources: ['pipelines'],
          operations: ['CREATE', 'UPDATE'],
        },
      ],
    },
    matchConditions: [
      { name: 'has-a-command', expression: `${annotation('object', COMMAND)} != ''` },
      { name: 'command-changes', expression: `request.operation == 'CREATE' || ${changes.join(' || ')}` },
    ],
    mutations: [
      {
        // Not an apply configuration: for that the API server must have read the schema of the resource first.
        patchType: 'JSONPatch',
        jsonPatch: {
          expression: `[JSONPatch{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('${ACTOR}'), value: request.userInfo.username}]`,
        },
      },
    ],
  };
}

/** @param controller user name of its service account, `system:serviceaccount:<namespace>:<name>` */
export function gatePolicies(controller: string): PolicyObject[] {
  const policies: [kind: string, name: string, spec: object, binding: object][] = [
    ['MutatingAdmissionPolicy', GATE_POLICY, gate(controller), {}],
    ['ValidatingAdmissionPolicy', HELD_POLICY, held(controller), { validationActions: ['Deny'] }],
    ['MutatingAdmissionPolicy', ACTOR_POLICY, actor(), {}],
  ];
  return policies.flatMap(([kind, name, spec, binding]) => {
    const metadata = { name, labels: { 'app.kubernetes.io/part-of': 'spillway' } };
    return [
      { apiVersion: API_VERSION, kind, metadata, spec },
      { apiVersion: API_VERSION, kind: `${kind}Binding`, metadata, spec: { policyName: name, ...binding } },
    ];
  });
}
