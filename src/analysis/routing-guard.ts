/**
 * Whether traffic is split as the stage asks. When it is not, the arms are not comparable and no number about them
 * means anything. Counts units when they are first met, never requests: those of busy units would alarm by themselves.
 */
import { eventShareEProcess } from '../stats/event-share.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import type { Arm, LiveOutcome } from './live-outcome.ts';

const ALPHA = 0.001;
/** Requests already on their way when a stage begins, and apps that learn of it late. */
export const GRACE_MS = 10_000;
const MOST_STRAY_SHARE = 0.05;
const FEWEST_STRAYS = 20;

const more = eventShareEProcess({ side: 'more' });
const fewer = eventShareEProcess({ side: 'fewer' });

export class RoutingGuard {
  #units = { baseline: 0, candidate: 0 };
  #strays = 0;
  /** Outcomes whose expected arm is known. */
  #checked = 0;

  reset(): void {
    this.#units = { baseline: 0, candidate: 0 };
    this.#strays = 0;
    this.#checked = 0;
  }

  addUnit(arm: Arm): void {
    this.#units[arm]++;
  }

  /** Whether the outcome belongs to the stage: its unit is where the weight puts it. @param settled begun after the grace */
  admits(outcome: LiveOutcome, settled: boolean): boolean {
    if (outcome.expectedArm === undefined) return true;
    const strayed = outcome.expectedArm !== outcome.arm;
    if (settled) {
      this.#checked++;
      if (strayed) this.#strays++;
    }
    return !strayed;
  }

  /** Why the split cannot be trusted, or null. @param weight percent on the candidate */
  problem(weight: number): string | null {
    if (this.#strays > FEWEST_STRAYS && this.#strays > MOST_STRAY_SHARE * this.#checked)
      return `${this.#strays} of ${this.#checked} outcomes came from the arm that their unit is not assigned to`;
    const total = this.#units.baseline + this.#units.candidate;
    if (total === 0 || weight <= 0 || weight >= 100) return null;
    const block = { candidateEvents: this.#units.candidate, totalEvents: total, share: weight / 100 };
    const most = Math.max(...[more, fewer].map(side => side.logE(side.fold(side.initial(), block))));
    if (most < Math.log(2 / ALPHA)) return null;
    const share = (100 * this.#units.candidate) / total;
    return `the candidate met ${share.toFixed(1)} % of ${total} units instead of ${weight} %`;
  }

  write(writer: StateWriter): void {
    writer.count(this.#units.baseline).count(this.#units.candidate).count(this.#strays).count(this.#checked);
  }

  read(reader: StateReader): void {
    this.#units = { baseline: reader.count(), candidate: reader.count() };
    this.#strays = reader.count();
    this.#checked = reader.count();
  }
}
