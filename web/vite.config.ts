import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { finishDist } from './build/finishDist.ts';
import { firstSight } from './build/firstSight.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

const REPLACES_MODULES = ['src/push/push.test.ts', 'src/conversation/composer.test.ts'];

export default defineConfig({
  define: { __APP_VERSION__: JSON.stringify(version) },
  plugins: [svelte(), svelteTesting(), firstSight(), finishDist()],
  // Everything is a file of its own, but for what index.html shows first: the CSP allows nothing inline that it does not name by its hash, and no data: font.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: 'index.html',
      output: { entryFileNames: 'assets/[name]-[hash].js' },
    },
  },
  // The licence stands above.
  server: { fs: { allow: ['..'] } },
  // A worker fetches its parts when it needs them.
  worker: { format: 'es' },
  test: {
    environment: 'jsdom',
    setupFiles: ['tests/setup.ts'],
    // A busy machine is slow, not wrong.
    testTimeout: 60_000,
    // A browser made anew for every file is four fifths of the time; only what puts another module in a module's place needs it.
    projects: [
      { extends: true, test: { name: 'web', include: ['src/**/*.test.ts', 'tests/**/*.test.ts'], exclude: REPLACES_MODULES, isolate: false } },
      { extends: true, test: { name: 'replaces-modules', include: REPLACES_MODULES, sequence: { groupOrder: 1 } } },
    ],
  },
});
