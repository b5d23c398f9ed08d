import { defineConfig } from '@playwright/test';
import { phoneBrowser } from './browser';

export default defineConfig({
  testDir: 'specs',
  // One at a time and never twice: a test that needs a second try has found something.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: phoneBrowser,
});
