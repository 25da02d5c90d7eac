/**
 * Keeps the values of one metric while a file of any length streams by. Memory is bounded: of more values than MOST_KEPT a
 * uniform random subset stays (Vitter 1985, ACM TOMS 11:37, algorithm R), which is a sample of the same distribution. Cases
 * cannot be thinned without breaking pairs, so too many of them are a problem.
 */
import { seededRandom } from '../../stats/index.ts';
import type { Arm, Series } from './arm.ts';

/**
 * Enough to tell a change of 0.3 % of a latency from none; the least margin that anybody asks for is wider. Four times as many
 * would need four times the memory and tell 0.15 %.
 */
export const MOST_KEPT = 250_000;
const MOST_CASES = 1_000_000;

export class Collector {
  readonly #values: number[] = [];
  readonly #caseIds: string[] | undefined;
  readonly #random = seededRandom(1);
  readonly #most: number;
  #seen = 0;

  constructor(options: { withCases: boolean; most?: number }) {
    this.#caseIds = options.withCases ? [] : undefined;
    this.#most = options.most ?? (options.withCases ? MOST_CASES : MOST_KEPT);
  }

  /** @returns false when there is no room for another case */
  add(value: number, caseId?: string): boolean {
    this.#seen++;
    if (this.#values.length < this.#most) {
      this.#values.push(value);
      this.#caseIds?.push(caseId ?? '');
      return true;
    }
    if (this.#caseIds) return false;
    const place = Math.floor(this.#random() * this.#seen);
    if (place < this.#most) this.#values[place] = value;
    return true;
  }

  /** Hands the values to the arm and notes there what was thinned. */
  into(arm: Arm, name: string, about: Pick<Series, 'unit' | 'direction'>): void {
    if (this.#seen > this.#values.length)
      arm.notes.push(
        `${arm.file}: ${name}: a random ${this.#values.length.toLocaleString('en')} of ${this.#seen.toLocaleString('en')} values were kept`,
      );
    arm.metrics.set(name, {
      values: this.#values,
      ...(this.#caseIds ? { caseIds: this.#caseIds } : {}),
      ...about,
    });
  }
}
