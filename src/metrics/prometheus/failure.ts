/**
 * What went wrong with a question to Prometheus, as one of four errors: come again, other credentials, another query, another
 * address. Never repeats a header's value, also where the other side sends it back.
 */
import { SpillwayError } from '../../errors.ts';

export interface Place {
  origin: string;
  clean(text: string): string;
  timeoutMs: number;
  maxBytes: number;
}

const TEXT_MAX = 500;
/** Prometheus 2 writes `invalid parameter "query": 1:5: parse error: …`, some of its relatives without the first words. */
const POSITION = /(?:^|: )(\d+):(\d+): (?=parse error)/;

/** Every header but the content type may be a credential; `Bearer x` also hides `x`, `Basic x` the pair within. */
export function redactor(headers: Readonly<Record<string, string>>): (text: string) => string {
  const secrets = Object.entries(headers)
    .filter(([name]) => name !== 'content-type')
    .flatMap(([, value]) => {
      const bare = value.replace(/^\w+ /, '');
      const pair = value.startsWith('Basic ') ? Buffer.from(bare, 'base64').toString().split(':') : [];
      return [value, bare, pair.slice(1).join(':')];
    })
    // Shorter ones are tenants and flags, and would mangle ordinary text.
    .filter(secret => secret.length >= 6)
    .sort((a, b) => b.length - a.length);
  return text => secrets.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text);
}

/** @param status anything but 200 */
export function answerFailure(status: number, text: string, place: Place): SpillwayError {
  const said = saidBy(text, place);
  const at = `Prometheus at ${place.origin} answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status === 401 || status === 403) return new SpillwayError('METRICS_REFUSED', at);
  if (status === 400 || status === 422) return queryFailure(said, at);
  if (status === 408 || status === 429 || status >= 500) return new SpillwayError('METRICS_UNREACHABLE', at);
  return new SpillwayError('METRICS_ANSWER_INVALID', at);
}

function queryFailure(said: string, at: string): SpillwayError {
  const found = POSITION.exec(said);
  if (!found) return new SpillwayError('METRICS_QUERY_INVALID', at);
  const message = said.slice(found.index + found[0].length);
  const problem = { path: 'query', line: Number(found[1]), column: Number(found[2]), message };
  return new SpillwayError('METRICS_QUERY_INVALID', at, { problems: [problem] });
}

/** Prometheus' own sentence, else the beginning of whatever came. */
function saidBy(text: string, place: Place): string {
  let said = text;
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') said = error;
  } catch {
    // A proxy's page: its first words say more than that it is no JSON.
  }
  return place.clean(said).replace(/\s+/g, ' ').trim().slice(0, TEXT_MAX);
}

const TLS = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|EPROTO)/;

export function networkFailure(cause: unknown, signal: AbortSignal, place: Place): SpillwayError {
  const { code = '', message = '' } = cause as { code?: string; message?: string };
  if (signal.aborted)
    return new SpillwayError('METRICS_UNREACHABLE', `${place.origin} did not answer within ${place.timeoutMs} ms`);
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return new SpillwayError(
      'METRICS_ANSWER_INVALID',
      `The answer of ${place.origin} exceeds ${place.maxBytes} bytes`,
      {
        hint: 'The query finds too many series: name the service, the namespace or the job.',
      },
    );
  const said = place.clean([message.replace(/\s+/g, ' ').trim(), code].filter(part => part !== '').join(', '));
  if (TLS.test(code))
    return new SpillwayError('METRICS_REFUSED', `No trusted connection to ${place.origin}: ${said}`, { cause });
  return new SpillwayError('METRICS_UNREACHABLE', `No connection to ${place.origin}: ${said}`, { cause });
}
