import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

// The expression does not find itself in the script, only what was said in the middle of the turn.
const asks = scripted('Write it.', { blocks: [{ tool: 'Write', input: { file_path: '{{cwd}}/steered.txt', content: 'x\n' } }] }, { text: 'You added: {{find:teal plea[s]e}}.' });

test('a message sent into the running turn is heard in it, and ends with it', async ({ phone }) => {
  await phone.newSession();
  await phone.send(asks);
  await expect(phone.prompt('Permission')).toBeVisible();

  await phone.message.fill('teal please');
  await phone.button('Send into this turn').tap();
  await expect(phone.message).toHaveValue('');
  await expect(phone.you).toHaveCount(2);
  await phone.prompt('Permission').getByRole('button', { name: 'Allow', exact: true }).tap();

  await expect(phone.claude.last()).toHaveText('You added: teal please.');
  await phone.expectIdle();
  await expect(phone.you.filter({ hasText: 'done' })).toHaveCount(2);
});

test('between turns there is nothing to send into', async ({ phone }) => {
  await phone.newSession();
  await phone.message.fill('Hello');
  await expect(phone.button('Send')).toBeEnabled();
  await expect(phone.button('Send into this turn')).toBeHidden();
});
