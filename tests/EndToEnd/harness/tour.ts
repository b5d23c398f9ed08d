import { expect } from '@playwright/test';
import type { FakeAnthropic } from './fakeAnthropic';
import type { Machine } from './machine';
import type { Phone } from './phone';

type Visit = (screen: string) => Promise<void>;

/** Goes through every screen in each of its states, as a user would, and stops at each. */
export async function tour(phone: Phone, machine: Machine, anthropic: FakeAnthropic, visit: Visit): Promise<void> {
  await phone.page.goto(machine.url);
  await expect(phone.heading('Pair this phone')).toBeVisible();
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
  await expect(phone.link('README.md')).toBeVisible();
  await visit('files');
  await phone.link('src').tap();
  await phone.link('health.ts').tap();
  await expect(phone.page.getByRole('region', { name: 'src/health.ts' })).toContainText('isOpen');
  await visit('file');
  await phone.link('Up').tap();
  await phone.link('Up').tap();
  await phone.link('logo.png').tap();
  await expect(phone.page.getByText(/binary/i)).toBeVisible();
  await visit('file-binary');
  await phone.link('Up').tap();
  await phone.link('way-out.txt').tap();
  await expect(phone.alert).toBeVisible();
  await visit('file-refused');
}

async function offline(phone: Phone, machine: Machine, visit: Visit): Promise<void> {
  await phone.link('Sessions').tap();
  await phone.link(/How does the server start/).tap();
  await expect(phone.claude.first()).toBeVisible();
  await machine.stop();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await visit('reconnecting');
}
