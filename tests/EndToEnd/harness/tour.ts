import { expect } from '@playwright/test';
import type { FakeAnthropic } from './fakeAnthropic';
import type { Machine } from './machine';
import type { Phone } from './phone';
import { Repository } from './repository';

type Visit = (screen: string) => Promise<void>;

/** Goes through every screen in each of its states, as a user would, and stops at each. */
export async function tour(phone: Phone, machine: Machine, anthropic: FakeAnthropic, visit: Visit): Promise<void> {
  await phone.page.goto(machine.url);
  await expect(phone.page.getByRole('textbox', { name: 'Pairing link or code' })).toBeVisible();
  await visit('pairing-by-hand');

  await phone.page.goto('about:blank');
  await phone.page.goto(machine.pairUrl);
  await expect(phone.button('Pair')).toBeVisible();
  await visit('pairing');
  await phone.button('Pair').tap();
  await expect(phone.link('shop')).toBeVisible();
  await visit('projects');
  await homes(phone, visit);

  await phone.openProject();
  await visit('sessions-empty');
  await phone.newSession();
  await visit('conversation-new');
  await phone.message.pressSequentially('/c');
  await expect(phone.commands).toBeVisible();
  await visit('commands');
  await phone.message.fill('');
  await conversation(phone, anthropic, visit);
  await prompts(phone, visit);

  await phone.link('Back').tap();
  await expect(phone.link(/How does the server start/)).toBeVisible();
  await visit('sessions');
  await files(phone, visit);
  await commands(phone, visit);
  await git(phone, machine, visit);
  await offline(phone, machine, visit);
}

async function homes(phone: Phone, visit: Visit): Promise<void> {
  await phone.link('Needs you').tap();
  await expect(phone.page.getByText('Nothing needs you')).toBeVisible();
  await visit('inbox-empty');
  await phone.link('Settings').tap();
  await expect(phone.page.getByRole('switch').first()).toBeVisible();
  await visit('settings');
  await phone.link('Devices').tap();
  await expect(phone.page.getByText('this device')).toBeVisible();
  await visit('devices');
  await phone.button(/^Revoke/).first().tap();
  await visit('devices-question');
  await phone.button('Cancel').tap();
  await phone.link('Back').tap();
  await phone.link('Connection').tap();
  await expect(phone.status('Everything answers.')).toBeVisible();
  await visit('connection');
  await phone.link('Back').tap();
  await phone.link('Licence').tap();
  await expect(phone.heading('Licence')).toBeVisible();
  await visit('licence');
  await phone.page.goto(new URL('/#/begin', phone.page.url()).href);
  await expect(phone.button(/shop/)).toBeVisible();
  await visit('begin');
  await phone.link('Back').tap();
}

async function conversation(phone: Phone, anthropic: FakeAnthropic, visit: Visit): Promise<void> {
  await phone.send('How does the server start?');
  await expect(phone.claude).toContainText('readConfig()');
  await visit('conversation-streaming');
  await phone.message.fill('And how does it stop?');
  await expect(phone.button('Send into this turn')).toBeVisible();
  await visit('conversation-steering');
  await phone.message.fill('');
  await anthropic.release('rest-of-the-answer');
  await phone.expectIdle();
  await visit('conversation-answered');

  await phone.send('Add a health check');
  await expect(phone.prompt('Permission')).toBeVisible();
  await visit('permission');
  await needsYou(phone, visit);
  await phone.prompt('Permission').getByRole('button', { name: 'Allow', exact: true }).tap();
  await phone.expectIdle();
  await phone.tool('Write').getByRole('button').first().tap();
  await expect(phone.tool('Write')).toContainText('isOpen');
  await visit('conversation-file-written');
  await phone.page.getByLabel('More').tap();
  await expect(phone.page.getByText(/claude --resume/)).toBeVisible();
  await visit('session-menu');
  await phone.page.keyboard.press('Escape');
}

async function needsYou(phone: Phone, visit: Visit): Promise<void> {
  await phone.link('Back').tap();
  await expect(phone.link('1 needs you')).toBeVisible();
  await visit('sessions-need-you');
  await phone.link('Back').tap();
  await expect(phone.link('1 needs you')).toBeVisible();
  await visit('projects-need-you');
  await phone.link(/^Needs you/).tap();
  await expect(phone.prompt('Permission')).toBeVisible();
  await visit('inbox');
  await phone.link('Projects').tap();
  await phone.link('1 needs you').tap();
  await expect(phone.prompt('Permission')).toBeVisible();
}

async function prompts(phone: Phone, visit: Visit): Promise<void> {
  await phone.send('Which database fits?');
  await expect(phone.prompt('Question')).toBeVisible();
  await visit('question');
  await phone.prompt('Question').getByRole('radio', { name: 'One machine' }).check();
  await phone.prompt('Question').getByRole('button', { name: 'Answer', exact: true }).tap();
  await phone.expectIdle();

  await phone.mode.selectOption('plan');
  await phone.send('Move the tests to TypeScript');
  await expect(phone.prompt('Plan')).toBeVisible();
  await visit('plan');
  await phone.prompt('Plan').getByRole('button', { name: 'Keep planning', exact: true }).tap();
  await phone.expectIdle();
  await visit('conversation-long');
}

async function files(phone: Phone, visit: Visit): Promise<void> {
  await phone.link('Files').tap();
  await expect(phone.link(/^README\.md/)).toBeVisible();
  await phone.button('src').tap();
  await expect(phone.link(/^health\.ts/)).toBeVisible();
  await visit('files');
  await phone.button('What to do with README.md').tap();
  await visit('file-menu');
  await phone.button('Delete').tap();
  await visit('file-delete');
  await phone.button('Cancel').tap();
  await phone.page.getByRole('searchbox', { name: 'Search' }).fill('greeting');
  await phone.button('Contents').tap();
  await expect(phone.link(/greeting/).first()).toBeVisible();
  await visit('files-search');
  await phone.button('End the search').tap();

  await phone.link(/^health\.ts/).tap();
  await expect(phone.page.getByRole('region', { name: 'src/health.ts' })).toContainText('isOpen');
  await visit('file');
  await phone.button('Edit').tap();
  await phone.page.getByRole('textbox', { name: 'src/health.ts' }).pressSequentially('// mine');
  await phone.button('Find').tap();
  await phone.page.getByRole('searchbox', { name: 'Find in this file' }).fill('mine');
  await visit('file-editor');
  await phone.button('Undo').tap();
  await phone.button('Close').tap();
  await phone.link('Up').tap();
  await phone.link(/^README\.md/).tap();
  await expect(phone.page.getByRole('heading', { name: 'Shop', exact: true })).toBeVisible();
  await visit('file-markdown');
  await phone.link('Up').tap();
  await phone.link(/^logo\.png/).tap();
  await expect(phone.page.getByRole('img', { name: /logo\.png/ })).toBeVisible();
  await visit('file-picture');
  await phone.link('Up').tap();
  await phone.link(/^way-out\.txt/).tap();
  await expect(phone.alert).toBeVisible();
  await visit('file-refused');
}

async function commands(phone: Phone, visit: Visit): Promise<void> {
  await phone.link('Commands').tap();
  await expect(phone.page.getByText('No commands yet')).toBeVisible();
  await visit('commands-none');
  await phone.command.fill("printf '\\033[32mok\\033[0m \\033[41mfailed\\033[0m\\n'; exit 3");
  await phone.button('Run').tap();
  await expect(phone.status('exit 3')).toBeVisible();
  await phone.button('Favourite').tap();
  await visit('command-run');
  await phone.link('All commands').tap();
  await expect(phone.page.getByRole('button', { name: /^Run printf/ })).toBeVisible();
  await visit('commands-history');
}

async function git(phone: Phone, { home }: Machine, visit: Visit): Promise<void> {
  await phone.link(/^Git/).tap();
  await expect(phone.page.getByText('Not a git repository')).toBeVisible();
  await visit('git-none');
  const repository = await Repository.begin(home);
  await repository.changeServer();
  await home.write('notes.md', '# Notes\n');
  await repository.git('rm', '--quiet', 'README.md');
  await phone.page.reload();
  await phone.button(/^server\.ts/).tap();
  await expect(phone.button('Stage these lines').first()).toBeVisible();
  await visit('git-changes');
  await phone.button('Commit 1 file…').tap();
  await phone.page.getByRole('textbox', { name: 'Commit message' }).fill('The shop explains itself');
  await visit('git-commit');
  await phone.button('Commit 1 file').tap();
  await phone.button('Discard all').tap();
  await expect(phone.button('Undo')).toBeVisible();
  await visit('git-discarded');
  await phone.button('Undo').tap();
  await phone.link('History').tap();
  await expect(phone.link('Open the shop')).toBeVisible();
  await visit('git-history');
  await phone.link('The shop explains itself').tap();
  await expect(phone.button(/^README\.md/)).toBeVisible();
  await visit('git-commit-shown');
  await phone.link('Branches').tap();
  await phone.button('New branch').tap();
  await expect(phone.page.getByText('current', { exact: true })).toBeVisible();
  await visit('git-branches');
  await phone.link(/^Git/).tap();
  await phone.link('What the agent changed').tap();
  await phone.page.getByRole('combobox', { name: 'Turn' }).selectOption({ label: 'Add a health check' });
  await phone.button(/^health\.ts/).tap();
  await visit('git-turn');
}

async function offline(phone: Phone, machine: Machine, visit: Visit): Promise<void> {
  await phone.link('Sessions').tap();
  await phone.link(/How does the server start/).tap();
  await expect(phone.claude.first()).toBeVisible();
  await machine.stop();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await visit('reconnecting');
}
