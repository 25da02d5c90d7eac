/** What a grader found, before negation. */
export type Finding =
  | { decided: true; holds: boolean; reason: string }
  /** Neither the plain nor the negated form passes. */
  | { decided: false; reason: string };
