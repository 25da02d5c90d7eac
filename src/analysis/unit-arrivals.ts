/**
 * How many units a stage has met by a time, and when it has met so many. A unit counts once a stage, so users who come
 * back make the flow of new ones ebb: with N evenly active users, N(1 − exp(−rt/N)) of them have been seen after t.
 * Expectations only: chance is in the simulations that use them.
 */

export interface Arrivals {
  /** Requests of all traffic a second, above 0. Without `users` every request is a new unit. */
  perSecond: number;
  /** Active users, each as active as the others; null when there are too many to come back within a stage. */
  users: number | null;
}

/** Units of both arms, not a whole number. @param ms since the stage began, 0 or more */
export function unitsBy({ perSecond, users }: Arrivals, ms: number): number {
  const requests = (perSecond * ms) / 1000;
  return users === null ? requests : users * -Math.expm1(-requests / users);
}

/** Milliseconds until that many units of both arms have been met; Infinity when there are not as many. */
export function msUntil({ perSecond, users }: Arrivals, units: number): number {
  if (users !== null && units >= users) return Number.POSITIVE_INFINITY;
  const requests = users === null ? units : -users * Math.log1p(-units / users);
  return (1000 * requests) / perSecond;
}
