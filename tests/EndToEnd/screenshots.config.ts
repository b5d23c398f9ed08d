import { defineConfig } from '@playwright/test';
import { phoneBrowser } from './browser';

export default defineConfig({
  testDir: 'screenshots',
  workers: 1,
  timeout: 600_000,
  expect: { timeout: 15_000 },
  reporter: 'line',
  use: phoneBrowser,
});
