import { Release } from '../harness/release';
import { expect, test } from '../harness/test';

test('a new version is offered, never forced: what is typed is there before and after', async ({ stranger: phone, machine, guard }) => {
  const release = await Release.of(machine.url);
  guard.allow(release.url);
  try {
    await phone.pair(release.by(machine.pairUrl));
    await phone.openProject();
    await phone.newSession();
    await phone.page.evaluate(() => navigator.serviceWorker.ready);
    await expect.poll(() => phone.page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
    await phone.message.fill('half a thought');
    await phone.page.evaluate(() => ((window as { stays?: boolean }).stays = true));

    release.comesOut();
    await phone.page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await expect(phone.page.getByText('A new version is ready.')).toBeVisible();
    await phone.message.fill('half a thought, and more');
    expect(await phone.page.evaluate(() => (window as { stays?: boolean }).stays), 'nothing was loaded anew').toBe(true);

    await phone.button('Update now').tap();
    await expect.poll(() => phone.page.evaluate(() => (window as { stays?: boolean }).stays).catch(() => true)).toBeUndefined();
    await expect(phone.message).toHaveValue('half a thought, and more');
    await expect(phone.page.getByText('A new version is ready.')).toBeHidden();
  } finally {
    await release.close();
  }
});
