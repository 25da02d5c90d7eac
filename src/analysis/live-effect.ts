/** How large a live change is, whatever it is measured from. For display, severity and "not worse", never for the alarm. */
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';

export interface Effect {
  kind: 'ratio' | 'difference';
  value: number | null;
  low: number | null;
  high: number | null;
}

export interface LiveEffect<Block> {
  /** Comparisons behind it. */
  readonly blocks: number;
  /** Of the baseline, on the scale of the effect: of the logarithms for a ratio. */
  readonly baselineMean: number;
  /** Standard deviation of one comparison; null where it is not known. */
  readonly spread: number | null;
  /** The interval holds at all looks, approximately. */
  effect(): Effect;
  enterStage(): void;
  add(block: Block): void;
  write(writer: StateWriter): void;
  read(reader: StateReader): void;
}
