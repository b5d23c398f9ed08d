import { MediaQuery } from 'svelte/reactivity';

/** Is there room for two things side by side? */
export const wide: { readonly current: boolean } = typeof matchMedia === 'function' ? new MediaQuery('min-width: 768px') : { current: false };
