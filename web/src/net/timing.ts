/** The limits of the connection, in milliseconds; one place, so that tests can name them. */
export const PING_INTERVAL = 25_000;
export const PONG_LIMIT = 10_000;
/** After the phone woke up the user is looking: find out sooner whether the link is still alive. */
export const WAKE_PONG_LIMIT = 4_000;
/** Who forgets the pairing waits this long for the relay to hear of it. */
export const FAREWELL_LIMIT = 3_000;
export const OPEN_LIMIT = 15_000;
export const FIRST_BACKOFF = 1_000;
export const LONGEST_BACKOFF = 30_000;
/** After being replaced or told off for flooding, coming back at once would only repeat it. */
export const PENALTY = 15_000;
/** A link that lasted less than this does not count as a success for the backoff. */
export const SETTLED_AFTER = 5_000;

/** Exponential backoff with full jitter: 0 to 1 s, 0 to 2 s, ... 0 to 30 s. */
export function backoff(attempt: number, random: () => number): number {
  return random() * Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(attempt, 16));
}
