import { afterAll, beforeAll, describe } from 'vitest';
import type { StoreFixture } from './contract/fixture.ts';
import { openPostgresStore } from './postgres.ts';
import { hasPostgres, type PostgresServer, startPostgres } from './postgres-server.test-support.ts';
import { storeContract } from './store.contract.ts';
import type { Store } from './store.ts';

describe.skipIf(!hasPostgres())('with a server', () => {
  let server: PostgresServer;
  let url: string;
  beforeAll(async () => {
    server = await startPostgres();
    url = server.address();
  }, 60_000);
  afterAll(() => server.end(), 60_000);

  storeContract('PostgreSQL', async (clock): Promise<StoreFixture> => {
    const opened: Store[] = [];
    const another = async () => {
      const store = await openPostgresStore({ url, clock });
      opened.push(store);
      return store;
    };
    return {
      store: await another(),
      another,
      async end() {
        await Promise.all(opened.map(store => store.close()));
        await server.empty(url);
      },
    };
  });
});
