/**
 * A process of its own that writes until it is killed: `node writer.test-support.ts FOLDER CLIENT COUNT`. It prints the
 * sequence of each batch once the store has acknowledged it, so that a test knows what must not be lost.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { auditDraft, batchDraft } from './contract/rows.ts';
import { openSqliteStore } from './sqlite.ts';

const [folder = '', client = '', count = '0'] = process.argv.slice(2);
const store = await openSqliteStore({ folder, clock: systemClock, busyTimeoutMs: 30_000 });
for (let sequence = 1; sequence <= Number(count); sequence += 1) {
  await store.appendOutcomes([batchDraft({ client, sequence }), batchDraft({ client, sequence, artifact: 'other' })]);
  await store.appendAudit([auditDraft({ why: `${client} ${sequence}` })]);
  writeSync(1, `${sequence}\n`);
}
await store.close();
