/**
 * Server-sent events out of bytes, as the HTML standard reads them: any cut between chunks (inside a character, between
 * CR and LF), a leading byte order mark, comments, several data lines. Pure: no network, no clock; what an event means
 * is not known here. `id` and `retry` are ignored: every connection starts with the whole state, with our own back-off.
 */
export interface SseMessage {
  /** `message` when the server named none. */
  event: string;
  data: string;
}

/** Longest single event, in characters: two contents of 5 MiB fit, and an endless line does not eat the app's memory. */
export const LONGEST_EVENT = 16 * 2 ** 20;

interface SseParser {
  /** Feeds bytes as they came. False when one event has grown beyond LONGEST_EVENT: then give the connection up. */
  push(bytes: Uint8Array): boolean;
}

export function sseParser(onMessage: (message: SseMessage) => void): SseParser {
  const decoder = new TextDecoder(); // drops the byte order mark, keeps halves of characters for the next chunk
  let unfinished = '';
  let endedWithCr = false;
  let event = '';
  let data: string[] = [];
  let size = 0;

  function dispatch() {
    if (data.length > 0) onMessage({ event: event || 'message', data: data.join('\n') });
    event = '';
    data = [];
    size = 0;
  }

  function takeLine(line: string) {
    if (line === '') return dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    if (field !== 'data' && field !== 'event') return; // a comment, or a field we have no use for
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'event') event = value;
    else data.push(value);
    size += line.length + 1;
  }

  return {
    push(bytes) {
      let text = decoder.decode(bytes, { stream: true });
      if (text === '') return true;
      if (endedWithCr && text.startsWith('\n')) text = text.slice(1); // the other half of a CR LF already taken
      endedWithCr = text.endsWith('\r');
      let start = 0;
      for (const end of text.matchAll(/\r\n|\r|\n/g)) {
        takeLine(unfinished + text.slice(start, end.index));
        unfinished = '';
        start = end.index + end[0].length;
      }
      unfinished += text.slice(start);
      return unfinished.length + size <= LONGEST_EVENT;
    },
  };
}
