/**
 * Sequential test on the share of events that come from the candidate, given its share of the exposure. Two uses: crashes
 * counted without their requests (events of arms with a common moving hazard), and the sample-ratio guard, where the
 * events are units seen for the first time and both directions matter. Counts of requests of sticky units must not enter.
 */

import type { EProcess } from './e-process.ts';
import { checkEta } from './grid.ts';
import { logBeta, logIncompleteBeta } from './log-special.ts';
import { withUpdate } from './pure-update.ts';
import { StateReader, StateWriter } from './state-bytes.ts';

/** Events of one block and the candidate's share of the exposure while they happened. */
export interface ShareBlock {
  readonly candidateEvents: number;
  readonly totalEvents: number;
  /** In (0, 1), decided before the events. */
  readonly share: number;
}

/** Counts under the present share, and the log e-value of earlier shares, which multiply. */
export interface EventShareState {
  banked: number;
  share: number;
  candidateEvents: number;
  totalEvents: number;
}

const TAG = 0x71;

/**
 * E-process for "the candidate's events are at most its share" (side 'more': the alternative is a larger share, the
 * mixture uniform on (share, 1); 'fewer': the mirror image). When the share changes, the mixture begins again and the
 * e-values multiply. For both directions run one of each at α/2. Blocks add up, so their order within a share does not
 * matter; tempering is not offered (a block's eta other than 1 is refused). O(√events) to read, O(1) to update.
 * @throws RangeError from an update unless 0 ≤ candidateEvents ≤ totalEvents, integers, and share in (0, 1)
 * @see Lindon & Malek 2022, NeurIPS 35; 5 of 8 events at share ½ gives log E = −0.27716
 */
export function eventShareEProcess(
  options: { readonly side?: 'more' | 'fewer' } = {},
): EProcess<ShareBlock, EventShareState> {
  const mirrored = options.side === 'fewer';
  return withUpdate({
    initial: () => ({ banked: 0, share: 0.5, candidateEvents: 0, totalEvents: 0 }),
    fold(state, block, eta = 1) {
      checkEta(eta);
      if (eta !== 1) throw new RangeError('eventShareEProcess mixes over all events at once and cannot be tempered');
      checkBlock(block);
      if (block.share !== state.share) {
        state.banked += logShareMixture(state, mirrored);
        state.share = block.share;
        state.candidateEvents = 0;
        state.totalEvents = 0;
      }
      state.candidateEvents += block.candidateEvents;
      state.totalEvents += block.totalEvents;
      return state;
    },
    logE: state => state.banked + logShareMixture(state, mirrored),
    encode: state =>
      new StateWriter(TAG)
        .double(state.banked)
        .double(state.share)
        .count(state.candidateEvents)
        .count(state.totalEvents)
        .bytes(),
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const banked = reader.double();
      const share = reader.double();
      const state = { banked, share, candidateEvents: reader.count(), totalEvents: reader.count() };
      reader.end();
      return state;
    },
  });
}

/** ln( ∫ θ^k(1−θ)^(n−k) dθ over (ρ, 1) / ((1−ρ)·ρ^k·(1−ρ)^(n−k)) ); mirrored: k of the other arm against 1 − ρ. */
function logShareMixture(state: EventShareState, mirrored: boolean): number {
  const n = state.totalEvents;
  if (n === 0) return 0;
  const k = mirrored ? n - state.candidateEvents : state.candidateEvents;
  const rho = mirrored ? 1 - state.share : state.share;
  const rest = n - k;
  const tail = logBeta(k + 1, rest + 1) + logIncompleteBeta(1 - rho, rest + 1, k + 1);
  return tail - Math.log1p(-rho) - k * Math.log(rho) - rest * Math.log1p(-rho);
}

function checkBlock({ candidateEvents, totalEvents, share }: ShareBlock): void {
  const counts = Number.isSafeInteger(candidateEvents) && Number.isSafeInteger(totalEvents);
  if (!(counts && 0 <= candidateEvents && candidateEvents <= totalEvents)) {
    throw new RangeError(`events must be integers with 0 ≤ candidate ≤ total, got ${candidateEvents}/${totalEvents}`);
  }
  if (!(share > 0 && share < 1)) throw new RangeError(`the candidate's share must lie in (0, 1), got ${share}`);
}
