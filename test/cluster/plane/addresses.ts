/**
 * Where everything listens. Fixed, because every cluster has a network of its own: two side by side use the same numbers
 * and do not meet. 127.0.0.1 is for what Spillway and tests call, 10.244.0.0/16 for nodes and pods.
 */
export const API_SERVER = 'https://127.0.0.1:6443';
export const ETCD = 'http://127.0.0.1:2379';
export const CONTROLLER_MANAGER = 'https://127.0.0.1:10257';
/** The data plane, for requests to routes; the listener of the Gateway has the same port. */
export const GATEWAY = 'http://127.0.0.1:8000';
/** Traefik's ping and metrics. */
export const GATEWAY_INSIGHT = 'http://127.0.0.1:9100';
export const PROMETHEUS = 'http://127.0.0.1:9090';
/** Kills and starts programs of the plane. */
export const CONTROL = 'http://127.0.0.1:9000';
/** The process kubelet's plain port: `/healthz` and the pods that want to be scraped. */
export const KUBELET = 'http://127.0.0.1:10255';

export const NODE = 'process-node';
export const NODE_IP = '10.244.0.1';
export const KUBELET_TLS_PORT = 10250;
/** Pods get 10.244.1.1 and on. */
export const POD_RANGE = '10.244.0.0/16';
export const SERVICE_RANGE = '10.96.0.0/16';

/** Of the Gateway that routes attach to: `parentRefs: [{ name: gateway, namespace: gateway }]`. */
export const GATEWAY_NAME = 'gateway';
export const GATEWAY_NAMESPACE = 'gateway';
