import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LONGEST_EVENT, type SseMessage, sseParser } from './sse.ts';

function read(...chunks: (string | Uint8Array)[]): SseMessage[] {
  const found: SseMessage[] = [];
  const parser = sseParser(message => found.push(message));
  for (const chunk of chunks) parser.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
  return found;
}

describe('the event parser', () => {
  test.each<[string, string, SseMessage[]]>([
    ['reads event and data', 'event: a\ndata: 1\n\n', [{ event: 'a', data: '1' }]],
    ['names an event without a name message', 'data: 1\n\n', [{ event: 'message', data: '1' }]],
    ['joins data lines by a newline', 'data: 1\ndata: 2\n\n', [{ event: 'message', data: '1\n2' }]],
    ['takes one blank after the colon away, not two', 'data:  1\n\n', [{ event: 'message', data: ' 1' }]],
    ['needs no blank after the colon', 'data:1\n\n', [{ event: 'message', data: '1' }]],
    [
      'skips comments and unknown fields',
      ': hi\nid: 7\nretry: 5\nfoo: x\ndata: 1\n\n',
      [{ event: 'message', data: '1' }],
    ],
    ['skips an event without data', 'event: a\n\ndata: 1\n\n', [{ event: 'message', data: '1' }]],
    ['skips a byte order mark at the start', '\uFEFFdata: 1\n\n', [{ event: 'message', data: '1' }]],
    ['reads carriage returns as line ends', 'event: a\rdata: 1\r\r', [{ event: 'a', data: '1' }]],
    ['holds an event back until its blank line', 'event: a\ndata: 1\n', []],
    ['reads a data field without a colon as empty', 'data\n\n', [{ event: 'message', data: '' }]],
  ])('%s', (_name, text, wanted) => {
    expect(read(text)).toEqual(wanted);
  });

  test('reads the same whatever the line ends and wherever the bytes are cut', () => {
    const text =
      '\uFEFFevent: assignment\ndata: {"a":"jörg 東京 👩‍👧"}\n: note\ndata: 2\n\ndata: x\n\nevent: b\ndata: ü\n\n';
    const wanted = read(text);
    expect(wanted).toHaveLength(3);
    const end = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(end, fc.array(fc.nat({ max: 140 }), { maxLength: 12 }), (lineEnd, cuts) => {
        const bytes = new TextEncoder().encode(text.replaceAll('\n', lineEnd));
        const places = [...new Set([0, ...cuts.filter(cut => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
        const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
        expect(read(...chunks)).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  test('reads byte by byte what it reads at once', () => {
    const bytes = new TextEncoder().encode('event: é\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n');
    expect(read(...[...bytes].map(byte => Uint8Array.of(byte)))).toEqual(read(bytes));
    expect(read(bytes)).toHaveLength(2);
  });

  test('survives any bytes', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), chunks => Array.isArray(read(...chunks))));
  });

  test('gives up an event that never ends, by line or by data', () => {
    const endless = sseParser(() => {});
    expect(endless.push(new Uint8Array(LONGEST_EVENT).fill(97))).toBe(true);
    expect(endless.push(Uint8Array.of(97))).toBe(false);
    const lines = sseParser(() => {});
    const line = new TextEncoder().encode(`data: ${'x'.repeat(2 ** 20)}\n`);
    expect(Array.from({ length: 17 }, () => lines.push(line))).toContain(false);
  });
});
