import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreFixture } from './contract/fixture.ts';
import { openSqliteStore } from './sqlite.ts';
import { storeContract } from './store.contract.ts';
import type { Store } from './store.ts';

storeContract('SQLite', async (clock): Promise<StoreFixture> => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-store-'));
  const opened: Store[] = [];
  const another = async () => {
    const store = await openSqliteStore({ folder, clock });
    opened.push(store);
    return store;
  };
  return {
    store: await another(),
    another,
    async end() {
      await Promise.all(opened.map(store => store.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
