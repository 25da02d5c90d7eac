/** Hands out pod addresses, 10.244.1.1 to 10.244.254.254. One that was given back rests until all others were used. */

export interface Addresses {
  take(): string;
  giveBack(address: string): void;
}

const SUBNETS = 254;
const HOSTS = 254;

export function makeAddresses(): Addresses {
  const taken = new Set<string>();
  let next = 0;
  return {
    take() {
      // A fresh address each time: a client that still holds the old one must not meet another pod.
      for (let tries = 0; tries < SUBNETS * HOSTS; tries++) {
        const address = `10.244.${1 + Math.floor(next / HOSTS)}.${1 + (next % HOSTS)}`;
        next = (next + 1) % (SUBNETS * HOSTS);
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new Error('no pod address is free');
    },
    giveBack: address => void taken.delete(address),
  };
}
