/**
 * What every store must do, whatever the engine: one suite that SQLite and PostgreSQL pass. It opens real stores,
 * and second connections to the same data, because most of it is about two actors at once.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../clock.ts';
import { auditContract } from './contract/audit.contract.ts';
import { evidenceContract } from './contract/evidence.contract.ts';
import type { OpenFixture, StoreFixture } from './contract/fixture.ts';
import { leaseContract } from './contract/leases.contract.ts';
import { releaseContract } from './contract/releases.contract.ts';
import { routeContract } from './contract/routes.contract.ts';

export function storeContract(name: string, open: OpenFixture): void {
  describe(`the store on ${name}`, () => {
    let fixture: StoreFixture;
    const clock = manualClock();
    const stores = () => fixture;
    beforeEach(async () => {
      fixture = await open(clock);
    });
    afterEach(() => fixture.end());

    documentContract(stores, clock);
    releaseContract(stores);
    leaseContract(stores);
    routeContract(stores);
    evidenceContract(stores, clock);
    auditContract(stores);
  });
}

function documentContract(stores: () => StoreFixture, clock: ManualClock): void {
  const row = {
    artifact: 'bot',
    version: 'sha256:1',
    spec: { template: 'Hi' },
    createdAt: 1,
    createdBy: 'ann',
    heldBy: null,
  };

  describe('versions', () => {
    test('are immutable: a second put of the same version changes nothing', async () => {
      const { store } = stores();
      expect(await store.putVersion(row)).toEqual({ created: true });
      expect(await store.putVersion({ ...row, spec: { template: 'Bye' } })).toEqual({ created: false });
      expect(await store.getVersion('bot', 'sha256:1')).toEqual(row);
      expect(await store.getVersion('bot', 'sha256:2')).toBeUndefined();
    });

    test('come newest first, of their artifact alone', async () => {
      const { store } = stores();
      await store.putVersion(row);
      await store.putVersion({ ...row, version: 'sha256:2', createdAt: 2 });
      await store.putVersion({ ...row, artifact: 'other' });
      expect((await store.listVersions('bot')).map(({ version }) => version)).toEqual(['sha256:2', 'sha256:1']);
    });

    test('are held and let go by name', async () => {
      const { store } = stores();
      await store.putVersion(row);
      await store.holdVersion('bot', 'sha256:1', 'r1');
      expect((await store.getVersion('bot', 'sha256:1'))?.heldBy).toBe('r1');
      await store.holdVersion('bot', 'sha256:1', null);
      expect((await store.getVersion('bot', 'sha256:1'))?.heldBy).toBeNull();
    });
  });

  test('a pipeline is replaced by the next one of its name', async () => {
    const { store } = stores();
    const pipeline = { name: 'p', artifact: 'bot', document: { a: [1, null] }, bundle: {}, digest: 'd', updatedAt: 1 };
    expect(await store.putPipeline(pipeline)).toEqual({ created: true });
    expect(await store.putPipeline({ ...pipeline, digest: 'e', updatedAt: 2 })).toEqual({ created: false });
    expect(await store.getPipeline('p')).toEqual({ ...pipeline, digest: 'e', updatedAt: 2 });
    expect(await store.getPipeline('q')).toBeUndefined();
    const { bundle: _, ...listed } = pipeline;
    expect(await store.listPipelines()).toEqual([{ ...listed, digest: 'e', updatedAt: 2 }]);
  });

  describe('idempotent answers', () => {
    test('stand until they expire, and the first one wins', async () => {
      const { store } = stores();
      const answer = { fingerprint: 'f', status: 201, body: { id: 'r1' }, expiresAt: clock.nowMs() + 1000 };
      await store.putIdempotent('k', answer);
      await store.putIdempotent('k', { ...answer, status: 409 });
      expect(await store.getIdempotent('k')).toEqual(answer);
      clock.advance(1000);
      expect(await store.getIdempotent('k')).toBeUndefined();
      const later = { ...answer, status: 200, expiresAt: clock.nowMs() + 1000 };
      await store.putIdempotent('k', later);
      expect(await store.getIdempotent('k')).toEqual(later);
    });

    test('that are unknown are undefined', async () => {
      expect(await stores().store.getIdempotent('none')).toBeUndefined();
    });
  });

  test('a store that is open answers a ping, and one that is closed fails as unavailable', async () => {
    const other = await stores().another();
    await other.ping();
    await other.close();
    await expect(other.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await stores().store.ping();
  });
}
