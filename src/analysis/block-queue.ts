/**
 * Pairs values of the two arms, in arrival order, into blocks of a baseline and b candidate values, a : b near the traffic
 * of the stage: what is compared then happened at about the same time, so that a drift common to both arms cancels.
 * The shape is fixed for a stage and values never influence which of them are paired. Bounded: of an arm that runs ahead
 * the oldest values go.
 */
import type { ValueBlock } from '../stats/e-process.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import type { Arm } from './live-outcome.ts';

export interface BlockShape {
  baseline: number;
  candidate: number;
}

/** Beyond 32 values against one a block gains next to nothing (3 % of the variance) and only waits longer. */
const LARGEST_SIDE = 32;
const BLOCKS_KEPT = 16;

/** Null where one arm gets no traffic. @param weight percent on the candidate */
export function blockShape(weight: number): BlockShape | null {
  if (!(weight > 0 && weight < 100)) return null;
  const ratio = (100 - weight) / weight;
  const larger = Math.min(LARGEST_SIDE, Math.round(Math.max(ratio, 1 / ratio)));
  return ratio >= 1 ? { baseline: larger, candidate: 1 } : { baseline: 1, candidate: larger };
}

export class BlockQueue {
  #shape: BlockShape | null = null;
  #baseline: number[] = [];
  #candidate: number[] = [];

  /** Half-open blocks are let go: their values belong to another split. */
  reshape(shape: BlockShape | null): void {
    this.#shape = shape;
    this.#baseline = [];
    this.#candidate = [];
  }

  /** The block that this value completes, if any: one value completes at most one. */
  offer(arm: Arm, value: number): ValueBlock | undefined {
    const shape = this.#shape;
    if (!shape) return undefined;
    const queue = arm === 'baseline' ? this.#baseline : this.#candidate;
    queue.push(value);
    if (queue.length > shape[arm] * BLOCKS_KEPT) queue.shift();
    if (this.#baseline.length < shape.baseline || this.#candidate.length < shape.candidate) return undefined;
    return {
      baseline: this.#baseline.splice(0, shape.baseline),
      candidate: this.#candidate.splice(0, shape.candidate),
    };
  }

  write(writer: StateWriter): void {
    writer.doubles(Float64Array.from(this.#baseline)).doubles(Float64Array.from(this.#candidate));
  }

  /** @param shape that of the stage in which the bytes were written */
  static read(reader: StateReader, shape: BlockShape | null): BlockQueue {
    const queue = new BlockQueue();
    queue.#shape = shape;
    queue.#baseline = readValues(reader);
    queue.#candidate = readValues(reader);
    return queue;
  }
}

function readValues(reader: StateReader): number[] {
  const length = reader.count();
  if (length > LARGEST_SIDE * BLOCKS_KEPT) throw new RangeError('evidence bytes are damaged: a queue is too long');
  return Array.from({ length }, () => reader.double());
}
