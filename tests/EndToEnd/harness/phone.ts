import { expect, type Locator, type Page } from '@playwright/test';

/** The PWA as its user knows it: by what is written on it. */
export class Phone {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name, level: 1 });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  link(name: string | RegExp): Locator {
    return this.page.getByRole('link', { name, exact: typeof name === 'string' });
  }

  get alert(): Locator {
    return this.page.getByRole('alert');
  }

  status(text: string | RegExp): Locator {
    return this.page.getByRole('status').filter({ hasText: text });
  }

  get log(): Locator {
    return this.page.getByRole('log', { name: 'Conversation' });
  }

  /** What somebody said: `claude` in finished and growing answers alike. */
  get claude(): Locator {
    return this.log.getByRole('article', { name: 'Claude', exact: true });
  }

  /** All that Claude said, read from the first line to the last: only what is seen is laid out. */
  readLog(): Promise<string[]> {
    return this.log.evaluate(async (log) => {
      const frames = async (count: number): Promise<void> => {
        for (let frame = 0; frame < count; frame++) await new Promise(requestAnimationFrame);
      };
      // What is seen is laid out within some frames, on a slow machine within more.
      const filled = async (): Promise<void> => {
        for (let frame = 0; frame < 120; frame++) {
          await frames(2);
          const rows = log.querySelectorAll('[data-row]');
          const { top, bottom } = log.getBoundingClientRect();
          const isFilled = rows.length > 0 && rows[0].getBoundingClientRect().top <= top && rows[rows.length - 1].getBoundingClientRect().bottom >= bottom;
          if (isFilled || log.scrollTop === 0 || log.scrollTop + log.clientHeight >= log.scrollHeight - 1) return frames(2);
        }
      };
      const texts: string[] = [];
      const read = (): void => {
        for (const article of log.querySelectorAll('article[aria-label="Claude"]')) {
          const text = article.textContent!.trim();
          if (!texts.includes(text)) texts.push(text);
        }
      };
      // What is before the end comes when it is reached.
      do {
        log.scrollTop = 0;
        await frames(30);
      } while (log.scrollTop > 0 || log.querySelector('.earlier'));
      for (;;) {
        read();
        const before = log.scrollTop;
        log.scrollTop += log.clientHeight;
        await filled();
        if (log.scrollTop <= before) return texts;
      }
    });
  }

  get you(): Locator {
    return this.log.getByRole('article', { name: 'You', exact: true });
  }

  tool(name: string): Locator {
    return this.log.getByRole('article', { name: `Tool: ${name}`, exact: true });
  }

  prompt(kind: 'Permission' | 'Question' | 'Plan'): Locator {
    return this.page.getByRole('region', { name: kind, exact: true });
  }

  get message(): Locator {
    return this.page.getByRole('textbox', { name: 'Message', exact: true });
  }

  /** What is to be run in the project. */
  get command(): Locator {
    return this.page.getByRole('textbox', { name: 'Command', exact: true });
  }

  get mode(): Locator {
    return this.page.getByRole('combobox', { name: 'Mode', exact: true });
  }

  /** What is offered after a slash. */
  get commands(): Locator {
    return this.page.getByRole('listbox', { name: 'Commands', exact: true });
  }

  async pair(pairUrl: string): Promise<void> {
    await this.page.goto(pairUrl);
    await this.button('Pair').tap();
    await expect(this.heading('Projects')).toBeVisible();
  }

  async openProject(): Promise<void> {
    await this.link('shop').tap();
    await expect(this.heading('shop')).toBeVisible();
  }

  async newSession(): Promise<void> {
    await this.button('New session').tap();
    await expect(this.message).toBeVisible();
  }

  async send(prompt: string): Promise<void> {
    await this.message.fill(prompt);
    await this.button('Send').tap();
    await expect(this.message).toHaveValue('');
  }

  /** The turn is over and the session waits for what is said next. */
  async expectIdle(): Promise<void> {
    await expect(this.status(/^idle$/)).toBeVisible();
    await expect(this.button('Stop')).toBeHidden();
  }
}
