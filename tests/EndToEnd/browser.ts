import type { PlaywrightTestConfig } from '@playwright/test';

/** The browser of every run here: the system's Chromium as a phone. */
export const phoneBrowser: PlaywrightTestConfig['use'] = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  locale: 'en-GB',
  contextOptions: { reducedMotion: 'reduce' },
  launchOptions: {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    // As root there is no sandbox; the rest keeps the browser from talking to anybody but the relay.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  },
};
