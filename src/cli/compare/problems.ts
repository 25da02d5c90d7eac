/** Everything wrong with the files of one comparison, gathered and told at once; bounded, because a file can be all wrong. */
import { type Problem, SpillwayError } from '../../errors.ts';

const MOST_SHOWN = 20;

export class Problems {
  readonly #shown: Problem[] = [];
  #count = 0;

  add(problem: Omit<Problem, 'path'> & { path?: string }): void {
    this.#count++;
    if (this.#shown.length < MOST_SHOWN) this.#shown.push({ path: '', ...problem });
  }

  get count(): number {
    return this.#count;
  }

  /** @throws SpillwayError CONFIG_INVALID with the first problems and how many there are */
  throwIfAny(hint: string): void {
    if (this.#count === 0) return;
    const files = [...new Set(this.#shown.map(({ file }) => file))].filter(file => file !== undefined);
    const rest = this.#count > MOST_SHOWN ? `; the first ${MOST_SHOWN} are listed` : '';
    const message = `${this.#count} problem${this.#count > 1 ? 's' : ''} in ${files.join(' and ')}${rest}`;
    throw new SpillwayError('CONFIG_INVALID', message, { problems: this.#shown, hint });
  }
}
