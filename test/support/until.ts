/** Waiting for a condition instead of for a time: looks again and again until the deadline, then says what never came. */

export interface Patience {
  /** Default 20 s. */
  withinMs?: number;
  /** Between two looks, default 20 ms. */
  everyMs?: number;
  /** Looked at when the time is over: what was there instead. */
  instead?: () => unknown;
}

/** The first truthy answer of `look`; a look that throws counts as not yet. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { withinMs = 20_000, everyMs = 20, instead }: Patience = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const endMs = performance.now() + withinMs;
  let failure: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found) return found as NonNullable<Exclude<T, false>>;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= endMs) break;
    await new Promise(resolve => setTimeout(resolve, everyMs));
  }
  const last = failure === undefined ? '' : `; the last look failed: ${String(failure)}`;
  const there = instead === undefined ? '' : `; instead: ${show(await instead())}`;
  throw new Error(`not within ${withinMs / 1000} s: ${what}${last}${there}`);
}

const show = (value: unknown) =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 2_000);
