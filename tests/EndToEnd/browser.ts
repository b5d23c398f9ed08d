import type { PlaywrightTestConfig } from '@playwright/test';

/** The system's Chromium with all its parts. */
export const wholeChromium = process.env.CHROMIUM || '/usr/bin/chromium';

/** The browser of every run here: the system's Chromium as a phone, without a window around the page where there is one like that. */
export const phoneBrowser: PlaywrightTestConfig['use'] = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  locale: 'en-GB',
  contextOptions: { reducedMotion: 'reduce' },
  launchOptions: {
    executablePath: process.env.CHROMIUM_SHELL || wholeChromium,
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
