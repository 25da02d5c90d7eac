/**
 * The e-values along a file of any length in bounded memory: when the points become too many, every second one goes and
 * from then on only every second one is taken. The newest is always there.
 */
export interface Point {
  /** Samples seen by then. */
  samples: number;
  atMs: number;
  /** e-values in the order of the metrics. */
  e: number[];
}

const MOST_POINTS = 240;

export class Series {
  #points: Point[] = [];
  #newest: Point | undefined;
  #every = 1;
  #offered = 0;

  add(point: Point): void {
    this.#newest = point;
    if (this.#offered++ % this.#every !== 0) return;
    this.#points.push(point);
    if (this.#points.length < MOST_POINTS) return;
    this.#points = this.#points.filter((_, i) => i % 2 === 0);
    this.#every *= 2;
  }

  points(): Point[] {
    const last = this.#points.at(-1);
    return this.#newest && this.#newest !== last ? [...this.#points, this.#newest] : [...this.#points];
  }
}
