/** The three probes of a container together: nothing is asked before start-up has succeeded, and what each may change. */
import type { Target } from './handler.ts';
import { keepProbing } from './probe.ts';

export interface Effects {
  onStarted(): void;
  onReady(isReady: boolean): void;
  /** Start-up never came, or the container is no longer alive. */
  onUnwell(): void;
}

export interface Spans {
  /** Until the process has ended. */
  running: AbortSignal;
  /** Until somebody wants it to end: whoever is leaving must not be killed for it, but stays asked whether it is ready. */
  wanted: AbortSignal;
}

export function startProbes(target: Target, effects: Effects, { running, wanted }: Spans): void {
  const { startupProbe, readinessProbe, livenessProbe } = target.container;
  const living = AbortSignal.any([running, wanted]);
  const begin = () => {
    if (livenessProbe) void keepProbing(livenessProbe, target, isAlive => isAlive || effects.onUnwell(), living);
    if (readinessProbe) void keepProbing(readinessProbe, target, effects.onReady, running);
  };
  if (!startupProbe) {
    begin();
    return;
  }
  const startup = new AbortController();
  const onResult = (isStarted: boolean) => {
    startup.abort();
    if (!isStarted) effects.onUnwell();
    else {
      effects.onStarted();
      begin();
    }
  };
  void keepProbing(startupProbe, target, onResult, AbortSignal.any([living, startup.signal]));
}
