/**
 * Prometheus as a metric source: asks for the counters of both arms, keeps what they were, and gives what was counted since. A look
 * that fails leaves that memory as it is, so that the next one counts the whole time: an outage of Prometheus loses no request.
 */
import { asSpillwayError, type FailureCode, SpillwayError } from '../../errors.ts';
import type { MetricSource, Polled } from '../metric-source.ts';
import type { PrometheusClient } from './client.ts';
import { intervalOf, type Memory, remembered, scrapedApartMs } from './interval.ts';
import { decodeMemory, encodeMemory } from './memory-bytes.ts';
import { partsOf, readScrape, type Scrape, type SourceQueries, scrapeQuery } from './scrape.ts';

/**
 * The client is closed with the source.
 * @param position of an earlier source with the same queries; what cannot be read of it, or belongs to others, is left out
 * @throws RangeError when the name of a metric is no word
 */
export function prometheusSource(
  client: PrometheusClient,
  queries: SourceQueries,
  position?: Uint8Array,
): MetricSource {
  const query = scrapeQuery(queries);
  let memory: Memory = (position && decodeMemory(position, query)) ?? new Map();
  let silentSinceMs: number | null = null;
  let underWay: Promise<Polled> | null = null;
  let apartMs: number | undefined;

  async function look(nowMs: number): Promise<Polled> {
    const found = await compared().catch(failed);
    if ('interval' in found) {
      silentSinceMs = null;
      return found;
    }
    silentSinceMs ??= nowMs;
    const code = 'code' in found ? { code: found.code } : {};
    return { silent: found.silent, sinceMs: silentSinceMs, ...code };
  }

  async function compared() {
    const scrape = await scraped();
    const difference = intervalOf(memory, scrape);
    apartMs = scrapedApartMs(memory, scrape) ?? apartMs;
    if (!('refused' in difference && difference.refused)) memory = remembered(memory, scrape);
    if (!('interval' in difference)) return difference;
    const upTo = memory;
    return { ...difference, position: () => encodeMemory(upTo, query) };
  }

  async function scraped(): Promise<Scrape> {
    try {
      const result = await client.instant(query);
      return readScrape(result.type === 'vector' ? result.items : []);
    } catch (error) {
      if (error instanceof SpillwayError && error.code === 'METRICS_QUERY_INVALID') await findTheWrongOne(error);
      throw error;
    }
  }

  /** The position in the long query that was sent says nothing to somebody who wrote a short one. */
  async function findTheWrongOne(whole: SpillwayError): Promise<void> {
    for (const part of partsOf(queries)) {
      try {
        await client.instant(part.query);
      } catch (cause) {
        if (!(cause instanceof SpillwayError && cause.code === whole.code)) continue;
        const { problems, message } = cause;
        throw new SpillwayError(cause.code, `${part.role}: ${message} (in: ${part.query})`, { cause, problems });
      }
    }
  }

  return {
    poll(nowMs) {
      underWay ??= look(nowMs).finally(() => {
        underWay = null;
      });
      return underWay;
    },
    apartMs: () => apartMs,
    close: () => client.close(),
  };
}

function failed(error: unknown): { silent: string; code: FailureCode } {
  const { message, code } = asSpillwayError(error);
  return { silent: message, code };
}
