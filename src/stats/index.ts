/**
 * Statistics on plain numbers: two finished samples (battery) and samples that keep coming (sequential). Pure: no clock, no
 * randomness of its own, no word of the domain. An error or an empty sample is an answer with a status, never a NaN p-value.
 */
export * from './battery.ts';
export * from './sequential.ts';
