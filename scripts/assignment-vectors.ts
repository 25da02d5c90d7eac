/**
 * Writes sdk/test/vectors.json: known assignments that the server, the SDK and every port must reproduce. The rule is
 * spelled out here once more, byte by byte, on purpose: vectors made by the code they test would prove nothing.
 * `--check` writes nothing and exits 1 when the file differs.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const target = new URL('../sdk/test/vectors.json', import.meta.url);
const BULK_SALT = 'rel_bulk';
const BULK_UNITS = 100_000;

const salts = ['rel_7f3a', 'rel_7f3b', '', 'Rollout-Ä', '01J8Z6K4X2Q9V7T5'];
const units = [
  'user-1',
  'user-2',
  'user-10',
  'USER-1',
  ' user-1',
  '0',
  'a',
  'jörg@example.org',
  'jo\u0308rg@example.org',
  '東京',
  '👩‍👩‍👧',
  'null\u0000inside',
  'x'.repeat(1_000),
];

function bucket(salt: string, unit: string): number {
  const bytes = Buffer.concat([Buffer.from(salt, 'utf8'), Buffer.from([0]), Buffer.from(unit, 'utf8')]);
  const [a = 0, b = 0, c = 0, d = 0] = createHash('sha256').update(bytes).digest();
  return (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) % 10_000;
}

/** The lowest integer weight at which the unit gets the candidate. */
function firstWeight(of: number): number {
  return Math.floor(of / 100) + 1;
}

function bulkDigest(): string {
  const buckets = Array.from({ length: BULK_UNITS }, (_, index) => bucket(BULK_SALT, `user-${index}`));
  return createHash('sha256').update(buckets.join(',')).digest('hex');
}

const vectors = salts.flatMap(salt =>
  units.map(unit => {
    const found = bucket(salt, unit);
    return { salt, unit, bucket: found, candidateFromWeight: firstWeight(found) };
  }),
);
const document = {
  rule: 'bucket = uint32be(sha256(utf8(salt) + 0x00 + utf8(unit))[0..4]) mod 10000; candidate iff bucket < weight * 100',
  vectors,
  bulk: {
    about: `sha256 of the buckets of user-0 … user-${BULK_UNITS - 1} as decimals joined by commas`,
    salt: BULK_SALT,
    units: BULK_UNITS,
    sha256: bulkDigest(),
  },
};
const text = `${JSON.stringify(document, null, 2)}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('sdk/test/vectors.json differs from the rule. Run `node scripts/assignment-vectors.ts`.\n');
  process.exitCode = 1;
}
