/** The Store on a query builder, put together from its tables; what is special to an engine stays with its opener. */
import type { Clock } from '../clock.ts';
import type { SpillwayError } from '../errors.ts';
import { auditStore } from './sql/audit.ts';
import { idempotencyStore } from './sql/idempotency.ts';
import { leaseStore } from './sql/leases.ts';
import { batchStore } from './sql/outcomes.ts';
import { stateStore } from './sql/releases.ts';
import { routeStore } from './sql/routes.ts';
import type { Db } from './sql/schema.ts';
import { documentStore } from './sql/snapshots.ts';
import { versionStore } from './sql/versions.ts';
import type { WriteRules } from './sql/write-rules.ts';
import type { Store } from './store.ts';

/**
 * A read says nothing about a full or read-only disk, so a ping writes, unless the store was opened for reading. It
 * counts, because SQLite skips the write of a value that is there already.
 */
async function ping(db: Db, readonly: boolean): Promise<void> {
  if (readonly) {
    await db.selectFrom('pings').select('id').execute();
    return;
  }
  await db
    .insertInto('pings')
    .values({ id: 1, count: 1 })
    .onConflict(conflict => conflict.column('id').doUpdateSet(({ eb }) => ({ count: eb('pings.count', '+', 1) })))
    .execute();
}

const MAX_TRIES = 4;

/**
 * Rejects with our failures, whatever the engine or the query builder throws. Each method is one transaction, so one that
 * the engine surely took back (two that waited for each other) is repeated whole.
 */
function guarded(store: Store, { asFailure, wasTakenBack = () => false }: Engine): Store {
  const methods = Object.entries(store).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      for (let tries = 1; ; tries += 1) {
        try {
          return await Reflect.apply(method, store, args);
        } catch (error) {
          if (tries === MAX_TRIES || !wasTakenBack(error)) throw asFailure(error);
        }
      }
    },
  ]);
  return Object.fromEntries(methods);
}

interface Engine {
  db: Db;
  clock: Clock;
  readonly: boolean;
  /** What this engine throws, as one of our failures. */
  asFailure: (error: unknown) => SpillwayError;
  /** Whether the transaction that failed so has certainly left nothing, and may be repeated at once. */
  wasTakenBack?: (error: unknown) => boolean;
  rules: WriteRules;
}

export function kyselyStore(engine: Engine): Store {
  const { db, clock, readonly, rules } = engine;
  const store: Store = {
    ...versionStore(db),
    ...stateStore(db, rules),
    ...leaseStore(db, rules),
    ...routeStore(db, rules),
    ...batchStore(db, clock, rules),
    ...documentStore(db),
    ...auditStore(db, rules),
    ...idempotencyStore(db, clock),
    ping: () => ping(db, readonly),
    close: () => db.destroy(),
  };
  return guarded(store, engine);
}
