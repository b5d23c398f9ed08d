import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

const BLOCKS = 620;
const long = scripted('Go on and on.', { blocks: Array.from({ length: BLOCKS }, (_, index) => ({ text: `block ${index + 1}` })), chunks: 1 });

test('a session with more events than are asked for at once is there whole after a reload, and goes on', async ({ phone }) => {
  test.setTimeout(120_000);
  await phone.newSession();
  await phone.send(long);
  await expect(phone.claude.last()).toHaveText(`block ${BLOCKS}`, { timeout: 60_000 });
  await phone.expectIdle();

  const asked: number[] = [];
  phone.page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const { type, payload: request } = JSON.parse(String(payload)) as { type: string; payload?: { afterSeq: number } };
      if (type === 'agent_session_attach' && request) asked.push(request.afterSeq);
    }),
  );
  await phone.page.evaluate(() => indexedDB.deleteDatabase('pocketcoder-kept')); // what a full phone does to an app
  await phone.page.reload();
  await expect(phone.claude.last()).toHaveText(`block ${BLOCKS}`);
  await phone.expectIdle();
  expect(asked[0]).toBe(0);
  expect(asked.length, 'parts that were asked for').toBeGreaterThan(1);
  expect([...asked].sort((one, other) => one - other), 'each from where the one before ended').toEqual(asked);

  expect(await phone.readLog()).toEqual(Array.from({ length: BLOCKS }, (_, index) => `block ${index + 1}`));
  expect(await phone.claude.count(), 'rows that are laid out').toBeLessThan(100);

  await phone.send('[[scenario:text]]');
  await expect(phone.claude.last()).toHaveText('Hello from the scripted model.');
});
