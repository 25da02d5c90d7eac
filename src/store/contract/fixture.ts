/** What an engine brings to the store's contract. */
import type { ManualClock } from '../../clock.ts';
import type { Store } from '../store.ts';

/** One set of data: `store` on it, and more connections by `another`, as other replicas have them. `end` closes all. */
export interface StoreFixture {
  store: Store;
  another(): Promise<Store>;
  end(): Promise<void>;
}
export type OpenFixture = (clock: ManualClock) => Promise<StoreFixture>;
