/** A seeded generator whose state can be kept in a checkpoint. */
export interface SeededRandom {
  /** In [0, 1), with 32 random bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** A whole number from 0 to `n` − 1. */
  integer(n: number): number;
  state(): number[];
  restore(state: number[]): void;
}

/**
 * Small fast counter generator (Chris Doty-Humphrey's sfc32): 128 bits of state, period of at least 2^32.
 * The same seed gives the same numbers on every machine.
 */
export function seededRandom(seed: number): SeededRandom {
  let a = 0;
  let b = seed >>> 0;
  let c = Math.floor(seed / 2 ** 32) >>> 0;
  let counter = 1;

  function next(): number {
    const sum = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
    return sum;
  }
  // The first numbers of neighbouring seeds are alike.
  for (let i = 0; i < 15; i++) next();

  const uniform = () => next() / 2 ** 32;
  return {
    uniform,
    normal() {
      // Box and Muller; 1 − u is never 0.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      return radius * Math.cos(2 * Math.PI * uniform());
    },
    integer: (n) => Math.floor(uniform() * n),
    state: () => [a, b, c, counter],
    restore(state) {
      if (state.length !== 4) throw new Error(`The state of a generator has 4 numbers, not ${state.length}.`);
      [a, b, c, counter] = state as [number, number, number, number];
    },
  };
}
