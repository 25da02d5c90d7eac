/** Where the engine and the server say what happened beside their answers: JSON lines on standard error, one a line. */
import { destination, pino } from 'pino';
import type { Log } from '../controller/world.ts';

/** Written synchronously: nothing is lost when the process ends. */
export function serverLog(level: 'info' | 'warn'): Log {
  return jsonLines(level);
}

/** Beside a live picture only what needs a person: errors. */
export function quietLog(): Log {
  return jsonLines('error');
}

function jsonLines(level: 'info' | 'warn' | 'error'): Log {
  const lines = destination({ fd: 2, sync: true });
  // A full disk behind the log must not end a server that still serves, and can still roll back.
  lines.on('error', () => undefined);
  return pino({ base: null, level, timestamp: pino.stdTimeFunctions.isoTime }, lines);
}
