import { expect, test } from 'vitest';
import { metricOfColumn } from './metric-names.ts';
import { valueFor, valueOf } from './number.ts';
import { conversion } from './units.ts';

test.each([
  ['latency', { name: 'latency' }],
  ['latencyMs', { name: 'latency', unit: 'ms' }],
  ['latency_s', { name: 'latency', unit: 's' }],
  ['Latency', { name: 'latency' }],
  ['costUsd', { name: 'costUsd', unit: 'USD' }],
  ['cost_usd', { name: 'costUsd', unit: 'USD' }],
  ['error', { name: 'errors' }],
  ['passed', { name: 'pass' }],
  ['tokens_out', undefined],
  ['model', undefined],
  ['constructor', undefined],
])('the column %s means %j', (column, metric) => {
  expect(metricOfColumn(column)).toEqual(metric);
});

test.each([
  ['12.5', 12.5],
  [' -3e2 ', -300],
  ['.5', 0.5],
  ['NaN', Number.NaN],
  ['+Inf', Number.POSITIVE_INFINITY],
  ['true', 1],
  [false, 0],
  ['', undefined],
  [null, undefined],
])('the cell %j is %j', (cell, value) => {
  expect(valueOf(cell)).toBe(value);
});

test.each([
  ['12ms', /leave out "ms" and say it with --unit/],
  ['1,5', /decimal point/],
  ['0x10', /must be a number; found "0x10"/],
  ['x'.repeat(100), /found "x{40}…"/],
  [[1], /found a list/],
])('the cell %j is a problem that says what to do', (cell, message) => {
  expect(valueOf(cell)).toMatch(message);
});

test('times turn into each other, and nothing else does', () => {
  expect(conversion('s', 'ms')).toBe(1000);
  expect(conversion('ms', 's')).toBe(0.001);
  expect(conversion('tokens', 'tokens')).toBe(1);
  expect(conversion('USD', 'EUR')).toBeUndefined();
  expect(conversion('ms', 'tokens')).toBeUndefined();
});

test.each([
  [undefined, 0],
  ['', 0],
  [null, 0],
  [false, 0],
  ['0', 0],
  [true, 1],
  ['connection reset', 1],
])('the error %j counts as %i', (found, value) => {
  expect(valueFor('errors', found)).toBe(value);
});
