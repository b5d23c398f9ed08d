import { defineConfig } from '@playwright/test';
import { phoneBrowser } from './browser';

export default defineConfig({
  testDir: 'specs',
  // Two files at a time, each test with machines of its own: most of their time is waiting.
  workers: 2,
  // Never twice: a test that needs a second try has found something.
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: { ...phoneBrowser, trace: 'retain-on-failure' },
});
