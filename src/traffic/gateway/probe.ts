/**
 * Asks the data plane itself which version answers, through the gateway, as a user would. Counts only what it was told:
 * a version that is neither of the two is no answer. It proves weight 0 and 100; between them it can only show that both
 * versions answer. Never follows redirects, and reads no more than it needs.
 */
import { type Dispatcher, request } from 'undici';
import { SpillwayError } from '../../errors.ts';
import type { Time } from '../../kube/pause.ts';

export interface Probe {
  url: string;
  headers?: Record<string, string>;
  /** Where the answer tells its version: a header, or a path in its JSON (`app.version`). */
  versionIn: { header: string } | { json: string };
  baseline: string;
  candidate: string;
  /** Answers in a row that have to obey. At a share s a stray answer is missed with (1−s)^n. Default 20. */
  answers?: number;
  /** One connection pool for tests of a gateway with an own name; default undici's. */
  dispatcher?: Dispatcher;
}

const ANSWERS = 20;
const CALL_MS = 2_000;
const BETWEEN_MS = 5;
const BODY_BYTES = 1024 * 1024;

/** @returns when it was obeyed, monotonic. @throws SpillwayError WEIGHT_REJECTED when it was not until `untilMs` */
export async function probeUntil(probe: Probe, weight: number, untilMs: number, { clock }: Time): Promise<number> {
  const { answers = ANSWERS } = probe;
  const heard = { inRow: 0, baseline: 0, candidate: 0, none: 0 };
  while (clock.monotonicMs() < untilMs) {
    const arm = armOf(probe, await ask(probe));
    heard[arm] += 1;
    heard.inRow = arm !== 'none' && isObeyed(arm, weight) ? heard.inRow + 1 : 0;
    const isMixed = weight > 0 && weight < 100;
    if (heard.inRow >= answers && (!isMixed || (heard.baseline > 0 && heard.candidate > 0))) return clock.monotonicMs();
    await clock.sleep(BETWEEN_MS);
  }
  const counts = `${heard.candidate} candidate, ${heard.baseline} baseline, ${heard.none} neither`;
  throw new SpillwayError('WEIGHT_REJECTED', `${probe.url} does not obey weight ${weight} in time: ${counts}.`);
}

function isObeyed(arm: 'baseline' | 'candidate', weight: number): boolean {
  if (weight === 0) return arm === 'baseline';
  return weight < 100 || arm === 'candidate';
}

function armOf({ baseline, candidate }: Probe, version: string | undefined): 'baseline' | 'candidate' | 'none' {
  if (version === candidate) return 'candidate';
  return version === baseline ? 'baseline' : 'none';
}

async function ask({ url, headers, versionIn, dispatcher }: Probe): Promise<string | undefined> {
  try {
    const answer = await request(url, {
      ...(headers === undefined ? {} : { headers }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
      signal: AbortSignal.timeout(CALL_MS),
    });
    if ('header' in versionIn) {
      const value = answer.headers[versionIn.header.toLowerCase()];
      await answer.body.dump();
      return typeof value === 'string' ? value : undefined;
    }
    let text = '';
    for await (const chunk of answer.body.setEncoding('utf8')) {
      text += chunk;
      if (text.length > BODY_BYTES) return undefined;
    }
    return at(JSON.parse(text), versionIn.json);
  } catch {
    return undefined;
  }
}

function at(value: unknown, path: string): string | undefined {
  const found = path
    .split('.')
    .reduce<unknown>((place, key) => (place as Record<string, unknown> | null)?.[key], value);
  return typeof found === 'string' ? found : undefined;
}
