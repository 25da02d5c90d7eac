/** @spillway/sdk: resolve prompts from memory and report what came of them. Everything exported is here. */
export type { Connection, ConnectOptions, Fallback, Resolution, Stats } from './connection.ts';
export { connect } from './connection.ts';
export type { Outcome } from './outcome.ts';
export type { Prompt } from './protocol.ts';
export type { Timers } from './timers.ts';
