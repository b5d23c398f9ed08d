/** How long a dangerous button is held. */
export const HOLD = 800;
