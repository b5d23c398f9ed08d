import { resolve } from 'node:path';

/** Playwright is always started in tests/EndToEnd. */
export const root = resolve(process.cwd(), '../..');
