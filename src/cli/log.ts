import { destination, pino } from 'pino';
import type { Log } from '../controller/world.ts';

/** JSON lines on standard error, written synchronously: nothing is lost when the process ends. */
export function serverLog(level: 'info' | 'warn'): Log {
  return pino({ base: null, level, timestamp: pino.stdTimeFunctions.isoTime }, destination({ fd: 2, sync: true }));
}

/** Beside a live picture only what needs a person: errors. */
export function quietLog(): Log {
  return pino(
    { base: null, level: 'error', timestamp: pino.stdTimeFunctions.isoTime },
    destination({ fd: 2, sync: true }),
  );
}
