import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readOutcome, readOutcomeRequest } from './outcome.ts';
import { outcomePacker, readStoredOutcomes } from './stored-outcomes.ts';

const ids = { artifact: 'support-bot', version: 'sha256:a', unit: 'user-1' };

describe('an outcome', () => {
  test('is read with all its fields', () => {
    const raw = {
      ...ids,
      id: 'o-1',
      at: '2026-01-01T00:00:00.5Z',
      latencyMs: 12.5,
      error: false,
      quality: 1,
      costUsd: 0,
      tokens: 7,
    };
    const { at: _at, ...rest } = raw;
    expect(readOutcome(raw)).toEqual({ ...rest, atMs: Date.UTC(2026, 0, 1) + 500 });
  });

  test.each([
    ['true is an error', true, true],
    ['a message is an error', 'timeout', true],
    ['an empty message is none', '', false],
    ['null is not reported', null, undefined],
  ])('%s', (_name, error, read) => {
    const outcome = readOutcome({ ...ids, error });
    expect(typeof outcome === 'string' ? outcome : outcome.error).toBe(read);
  });

  test.each([
    ['no object', 7, 'object'],
    ['an array', [], 'object'],
    ['no artifact', { ...ids, artifact: undefined }, 'artifact'],
    ['an empty unit', { ...ids, unit: '' }, 'unit'],
    ['a unit of 257 characters', { ...ids, unit: 'u'.repeat(257) }, 'unit'],
    ['a version that is a number', { ...ids, version: 1 }, 'version'],
    ['an id that is a number', { ...ids, id: 1 }, 'id'],
    ['a time without a zone', { ...ids, at: '2026-01-01T00:00:00' }, 'RFC 3339'],
    ['a 13th month', { ...ids, at: '2026-13-01T00:00:00Z' }, 'RFC 3339'],
    ['an unknown field', { ...ids, latency: 1 }, '`latency`'],
    ['a field of Object.prototype', { ...ids, toString: 1 }, '`toString`'],
  ])('with %s cannot be read, and the sentence says why', (_name, raw, why) => {
    expect(readOutcome(raw)).toContain(why);
  });

  test.each([
    ['latencyMs', null],
    ['latencyMs', -1],
    ['latencyMs', '12'],
    ['quality', 1.01],
    ['quality', 'NaN'],
    ['costUsd', -0.01],
    ['tokens', 1.5],
    ['error', 1],
  ])('with %s = %j keeps its names and says that the number is unusable', (field, value) => {
    const outcome = readOutcome({ ...ids, [field]: value });
    expect(outcome).toMatchObject({ ...ids, flaw: expect.stringContaining(`\`${field}\``) });
    expect(outcome).not.toHaveProperty(field);
  });
});

describe('a batch', () => {
  test.each([
    ['no object', []],
    ['no outcomes', {}],
    ['client without sequence', { client: 'a', outcomes: [] }],
    ['sequence without client', { sequence: 1, outcomes: [] }],
    ['a negative sequence', { client: 'a', sequence: -1, outcomes: [] }],
    ['an unknown field', { outcomes: [], extra: 1 }],
    ['10,001 outcomes', { outcomes: Array.from({ length: 10_001 }) }],
  ])('with %s is refused', (_name, body) => {
    expect(() => readOutcomeRequest(body)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });
});

describe('the stored form', () => {
  const text = fc.string({ minLength: 1, maxLength: 256 });
  const field = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const outcome = fc.record({
    version: fc.constantFrom('sha256:a', 'sha256:b'),
    unit: text,
    id: field(text),
    atMs: fc.nat(),
    latencyMs: field(fc.double({ min: 0, max: 1e9, noNaN: true })),
    error: field(fc.boolean()),
    quality: field(fc.double({ min: 0, max: 1, noNaN: true })),
    costUsd: field(fc.double({ min: 0, max: 100, noNaN: true })),
    tokens: field(fc.nat()),
  });

  test('reads back every outcome as it was accepted, through JSON', () => {
    fc.assert(
      fc.property(fc.array(outcome), outcomes => {
        const packer = outcomePacker();
        for (const one of outcomes) packer.add({ artifact: 'a', ...JSON.parse(JSON.stringify(one)) }, 0);
        const stored = readStoredOutcomes(JSON.parse(JSON.stringify(packer.packed())));
        expect(stored).toEqual(outcomes.map(one => JSON.parse(JSON.stringify(one))));
      }),
    );
  });

  test('keeps of an invalid outcome that it was there, and no number', () => {
    const packer = outcomePacker();
    packer.add({ ...ids, latencyMs: 5, flaw: '`quality` must be …' }, 1_000);
    expect(readStoredOutcomes(packer.packed())).toEqual([
      { version: 'sha256:a', unit: 'user-1', atMs: 1_000, invalid: true },
    ]);
  });

  test.each([[null], [{}], [[]], [[['v'], 1]], [[['v'], [1, 'u', null, 0]]], [[['v'], [0, 'u', null]]]])(
    'that is damaged (%j) is corrupt, never silently empty',
    packed => {
      expect(() => readStoredOutcomes(packed)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    },
  );
});
