import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CANDIDATE, settled, split } from '../test/protocol-server.ts';
import { parseEvent } from './protocol.ts';

function parse(event: string, data: unknown) {
  return parseEvent({ event, data: typeof data === 'string' ? data : JSON.stringify(data) });
}

describe('an event of the server', () => {
  test('is read with and without a candidate', () => {
    expect(parse('assignment', split(10, 1))).toEqual({ kind: 'assignment', assignment: split(10, 1) });
    expect(parse('assignment', settled(CANDIDATE, 2))).toEqual({
      kind: 'assignment',
      assignment: settled(CANDIDATE, 2),
    });
  });

  test('may hold fields of a newer server, and null for what is absent', () => {
    const newer = { ...settled(CANDIDATE, 2), candidate: null, releaseId: null, colour: 'blue' };
    expect(parse('assignment', newer)).toEqual({ kind: 'assignment', assignment: settled(CANDIDATE, 2) });
  });

  test('of an unknown name is a sign of life and nothing more', () => {
    expect(parse('confetti', {})).toEqual({ kind: 'unknown' });
  });

  test.each<[string, unknown]>([
    ['cut JSON', '{"artifact":"support-bot","sal'],
    ['HTML', '<html><body>502</body></html>'],
    ['an array', []],
    ['no artifact', { ...split(10, 1), artifact: '' }],
    ['a weight above 100', { ...split(10, 1), weight: 101 }],
    ['a fractional weight', { ...split(10, 1), weight: 0.5 }],
    ['a negative epoch', { ...split(10, 1), epoch: -1 }],
    ['an epoch as text', { ...split(10, 1), epoch: '1' }],
    ['no baseline', { ...split(10, 1), baseline: undefined }],
    ['a candidate without a version', { ...split(10, 1), candidate: { value: { template: '' } } }],
    ['a value that is no prompt', { ...split(10, 1), baseline: { version: 'sha256:x', value: { text: 'hi' } } }],
    ['no salt', { ...split(10, 1), salt: undefined }],
  ])('is malformed with %s', (_name, data) => {
    expect(parse('assignment', data)).toBeUndefined();
  });

  test('is malformed when it removes nothing in particular', () => {
    expect(parse('removed', {})).toBeUndefined();
  });

  test('is frozen, so that no part of an app changes the prompt of another', () => {
    const event = parse('assignment', split(10, 1));
    expect(event?.kind === 'assignment' && Object.isFrozen(event.assignment.baseline.value)).toBe(true);
  });

  test('is malformed when it is nested deeper than the stack', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const { value } = CANDIDATE;
    const data = JSON.stringify({ ...split(10, 1), candidate: { version: 'v', value: { ...value, parameters: {} } } });
    expect(parse('assignment', data)).toBeDefined();
    expect(parse('assignment', data.replace('"parameters":{}', `"parameters":{"a":${deep}}`))).toBeUndefined();
  });

  test('never throws, whatever the data', () => {
    fc.assert(
      fc.property(fc.constantFrom('assignment', 'removed', 'synced', 'heartbeat', 'x'), fc.json(), (event, data) => {
        parse(event, data);
      }),
    );
  });
});
