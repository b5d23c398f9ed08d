import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

const BLOCKS = 620;
const long = scripted('Go on and on.', { blocks: Array.from({ length: BLOCKS }, (_, index) => ({ text: `block ${index + 1}` })), chunks: 1 });

test('of a session with many events the end is there at once, all of it when it is read, and it goes on', async ({ phone }) => {
  test.setTimeout(120_000);
  await phone.newSession();
  await phone.send(long);
  await expect(phone.claude.last()).toHaveText(`block ${BLOCKS}`, { timeout: 60_000 });
  await phone.expectIdle();

  const asked: string[] = [];
  phone.page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const { type } = JSON.parse(String(payload)) as { type: string };
      if (type === 'agent_session_attach' || type === 'agent_events') asked.push(type);
    }),
  );
  await phone.page.evaluate(() => indexedDB.deleteDatabase('pocketcoder-kept')); // what a full phone does to an app
  await phone.page.reload();
  await expect(phone.claude.last()).toHaveText(`block ${BLOCKS}`);
  await phone.expectIdle();
  expect(asked, 'the end comes first').toEqual(['agent_session_attach']);

  expect(await phone.readLog()).toEqual(Array.from({ length: BLOCKS }, (_, index) => `block ${index + 1}`));
  expect(asked.slice(1), 'and the rest in parts, when it is read').toEqual(['agent_events']);
  expect(await phone.claude.count(), 'rows that are laid out').toBeLessThan(100);

  await phone.send('[[scenario:text]]');
  await expect(phone.claude.last()).toHaveText('Hello from the scripted model.');
});
