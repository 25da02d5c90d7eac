/**
 * The address of a PostgreSQL store, `postgres://user@host:5432/database?schema=spillway`. Read in one place, because it
 * may hold a password: only `shown` ever goes into a message, a log line or a process title.
 */
import { SpillwayError } from '../errors.ts';

export interface PostgresAddress {
  /** For the driver alone: with the password, without our own parameters. */
  connection: string;
  /** Without what is secret. */
  shown: string;
  /** Undefined: the first schema of the role's own search path, as a rule `public`. */
  schema?: string;
}

/** Parameters that the driver knows; any other is a mistake that it would pass over in silence. */
const PARAMETERS = ['host', 'port', 'user', 'ssl', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'application_name'];
const EXAMPLE = 'Give it as postgres://user@host:5432/database; the password may come from PGPASSWORD.';

function refused(why: string): SpillwayError {
  return new SpillwayError('USAGE', `The address of the database ${why}.`, { hint: EXAMPLE });
}

/** @throws SpillwayError USAGE, which never repeats the address: it may hold a password */
export function readPostgresUrl(text: string): PostgresAddress {
  if (!/^postgres(ql)?:\/\//.test(text)) throw refused('does not begin with postgres://');
  if (!URL.canParse(text)) throw refused('is not a URL');
  const url = new URL(text);
  const schema = url.searchParams.get('schema') ?? undefined;
  url.searchParams.delete('schema');
  if (url.searchParams.has('password')) throw refused('holds a password among its parameters');
  const stranger = [...url.searchParams.keys()].find(name => !PARAMETERS.includes(name));
  if (stranger !== undefined) throw refused(`has a parameter ${stranger}; allowed: schema, ${PARAMETERS.join(', ')}`);
  if (url.pathname.length < 2) throw refused('names no database');
  if (schema !== undefined && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw refused('names a schema that is not of the form [a-z_][a-z0-9_]*');
  const connection = url.href;
  if (url.password !== '') url.password = '***';
  if (schema !== undefined) url.searchParams.set('schema', schema);
  return { connection, shown: url.href, ...(schema === undefined ? {} : { schema }) };
}
