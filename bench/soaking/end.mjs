// When all work is done: nothing may be open, and each log must hold all that was acknowledged, once.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Refused } from './link.mjs';
import { pause } from '../system.mjs';
import { Phone } from './phone.mjs';

const STUCK = 45_000;
const PATIENCE = 90_000;

async function cancel(observer, world, session) {
  world.count(world.cuts, 'turns that nobody was there to stop');
  await observer.ask('agent_cancel', { agentSessionId: session }).catch((error) => {
    if (!(error instanceof Refused)) throw error;
  });
}

/** Ends the turns whose phone did not come to stop them; a turn that should have ended by itself is a fault. */
async function stuck(observer, world) {
  for (const session of world.sessions.values()) {
    const late = [...session.open].map((id) => world.messages.get(id)).find(({ sent }) => performance.now() - sent > STUCK);
    if (!late) continue;
    if (late.kind !== 'never' && ![...session.open].some((id) => world.messages.get(id).kind === 'never')) {
      world.fault('stuck', `a turn (${late.kind}) was not over after ${STUCK / 1000} s`);
    }
    for (const id of session.open) world.messages.get(id).sent = performance.now();
    await cancel(observer, world, session.id);
  }
}

/** Stops what still runs, until nothing does. */
export async function settle(observer, world) {
  const since = performance.now();
  for (let calm = false; !calm; await pause(500)) {
    const { sessions } = await observer.ask('agent_sessions_list', { limit: 100 });
    const busy = sessions.filter(({ state, queued }) => state !== 'idle' || queued > 0);
    calm = busy.length === 0;
    if (!calm && performance.now() - since > PATIENCE) return world.fault('stuck', `${busy.length} sessions do not come to rest`);
    // A turn has some seconds to end by itself.
    if (performance.now() - since > 10_000) for (const { agentSessionId } of busy) await cancel(observer, world, agentSessionId);
  }
}
settle.stuck = stuck;

async function readLog(reader, id) {
  const events = [];
  reader.onEvent = (event) => event.agentSessionId === id && event.seq !== undefined && events.push(event);
  await reader.followed(id).attach(reader);
  return events;
}

function checkLog(events, session, world, seen) {
  if (events.some(({ seq }, i) => seq !== i + 1)) world.fault('lost', 'the numbers of a log have a hole');
  if (session.digests.length > events.length + 1) world.fault('lost', `events were seen that the log has not`, session.digests.length - events.length - 1);
  const of = (type) => events.filter((event) => event.type === type);
  for (const { messageId: id } of of('user')) {
    if (seen.has(id)) world.fault('doubled', 'a message is in the logs twice');
    seen.add(id);
    const done = of('done').filter(({ messageId, steered = [] }) => messageId === id || steered.includes(id));
    if (done.length !== 1) world.fault(done.length ? 'doubled' : 'lost', `a message has ${done.length} ends`);
    const answers = of('text').filter(({ text }) => text.startsWith(`Answer to ${id}.`)).length;
    if (done[0] && !done[0].cancelled && !done[0].isError && !done[0].interrupted && answers !== 1) world.fault(answers ? 'doubled' : 'lost', `a message has ${answers} answers`);
    if (done[0]?.isError || done[0]?.interrupted) world.count(world.errors, `a turn that ended ${done[0].interrupted ? 'interrupted' : 'with an error'}`);
  }
}

/** Each phone comes once more and must have all; then the logs are read from their start by one that knows nothing. */
export async function checkLogs(phones, world, relayPort, project) {
  const ids = [...world.sessions.keys()];
  for (const phone of phones) {
    phone.onEvent = () => {};
    await phone.connect(ids);
    phone.leave();
    await phone.link.closed;
  }

  const reader = await Phone.create('reader', world, relayPort);
  await reader.connect([]);
  const seen = new Set();
  for (const session of world.sessions.values()) checkLog(await readLog(reader, session.id), session, world, seen);
  for (const [id, { session }] of world.messages) if (session && !seen.has(id)) world.fault('lost', 'a message was acknowledged and is in no log');
  reader.leave();
  reader.wire.close();

  const git = async (...args) => (await promisify(execFile)('git', args, { cwd: project, maxBuffer: 1 << 28 })).stdout.split('\n');
  const commits = new Set(await git('rev-list', '--all'));
  for (const sha of world.commits) if (!commits.has(sha)) world.fault('lost', 'a commit was acknowledged and is not there');
  const strange = new Set((await git('log', '--all', '--name-only', '--format=')).filter((path) => path && !/^(README\.md|phone-\d+\/file-\d+\.txt|agent\/[0-9a-f]{2}\.(txt|touched))$/.test(path)));
  if (strange.size > 0) world.fault('wrong', `${strange.size} files were committed that nobody made, such as ${[...strange][0]}`, strange.size);
}
