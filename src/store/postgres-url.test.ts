import { describe, expect, test } from 'vitest';
import { readPostgresUrl } from './postgres-url.ts';

describe('the address of a PostgreSQL store', () => {
  test('is shown without its password, and given to the driver without our own parameter', () => {
    const read = readPostgresUrl('postgres://ann:s3cret@db:5433/app?schema=spillway&sslmode=verify-full');
    expect(read).toEqual({
      connection: 'postgres://ann:s3cret@db:5433/app?sslmode=verify-full',
      shown: 'postgres://ann:***@db:5433/app?sslmode=verify-full&schema=spillway',
      schema: 'spillway',
    });
    expect(readPostgresUrl('postgresql:///app?host=/run/postgresql')).not.toHaveProperty('schema');
  });

  test.each([
    ['another protocol', 'mysql://ann:s3cret@db/app', /does not begin with postgres/],
    ['no URL', 'postgres://ann:s3cret@db:port/app', /is not a URL/],
    ['no database', 'postgres://ann:s3cret@db/', /names no database/],
    [
      'a schema that would need quotes',
      'postgres://ann:s3cret@db/app?schema=x%20-c%20y',
      /schema that is not of the form/,
    ],
    ['an option of the server', 'postgres://ann:s3cret@db/app?options=-c%20fsync%3Doff', /has a parameter options/],
    ['a mistyped parameter', 'postgres://ann:s3cret@db/app?sslMode=disable', /has a parameter sslMode/],
    ['a password among the parameters', 'postgres://db/app?password=s3cret', /holds a password/],
  ])('with %s is refused, and the refusal does not repeat it', (_, url, message) => {
    let caught: unknown;
    try {
      readPostgresUrl(url);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) });
    expect(`${caught} ${JSON.stringify(caught)} ${(caught as Error).stack}`).not.toContain('s3cret');
    expect((caught as Error).cause).toBeUndefined();
  });
});
