// Agent sessions: messages are sent until they are acknowledged, under one id; prompts are answered; some turns are stopped.
import { Lost, Refused } from './link.mjs';
import { pause } from '../system.mjs';
import { script } from './turns.mjs';

const KINDS = { say: 5, stream: 4, write: 3, bash: 3, never: 1 };
const MESSAGES_A_SESSION = 10;
const TURNS_AT_ONCE = 2;

export function agentWork({ phone, world, random }) {
  const unacknowledged = [];
  const toStop = new Set();

  async function deliver(message) {
    if (message.session) await phone.follow(message.session);
    // Of a session that it began only now a phone hears all; of one that began with an earlier try it may have missed something.
    const begins = !message.session && !message.wasSent;
    message.wasSent = true;
    const { id, content } = message;
    const isOver = () => unacknowledged.splice(unacknowledged.indexOf(message), 1);
    await phone.ask(message.session ? 'agent_message' : 'agent_session_new', { agentSessionId: message.session, messageId: id, content }, {
      answered(answer) {
        const session = message.session ??= answer.agentSessionId;
        world.acknowledged(id, session);
        if (begins) phone.followed(session).follows = true;
        if (message.kind === 'never') toStop.add(session);
      },
    }).then(isOver, (error) => {
      // Asked again it would be refused again.
      if (error instanceof Refused) isOver();
      throw error;
    });
    await phone.follow(message.session);
  }

  async function stop() {
    for (const session of toStop) {
      await pause(random.int(200, 2_000));
      await phone.ask('agent_cancel', { agentSessionId: session });
      toStop.delete(session);
    }
  }

  async function answer({ agentSessionId, promptId }) {
    await pause(random.int(100, 1_500));
    if (!phone.link.isOpen || !phone.followed(agentSessionId).prompts.has(promptId)) return;
    world.count(world.operations, 'answer a prompt');
    await phone.ask('agent_prompt_response', { agentSessionId, promptId, decision: random.is(0.8) ? 'allow' : 'deny' });
  }

  return {
    unacknowledged,

    heard(event) {
      if (event.type !== 'prompt') return;
      answer(event).catch((error) => error instanceof Lost || error instanceof Refused || world.fault('harness', error.stack));
    },

    /** Sends again what was not acknowledged, and stops what it wanted to stop. */
    async resume() {
      for (const message of [...unacknowledged]) await deliver(message);
      await stop();
    },

    operations: {
      sessions: () => phone.ask('agent_sessions_list', { limit: 20 }),

      async message() {
        if (world.openTurns + unacknowledged.length >= TURNS_AT_ONCE) return;
        const free = world.free(MESSAGES_A_SESSION);
        const session = free.length === 0 || random.is(0.05) ? undefined : random.one(free).id;
        const [id, kind] = [random.uuid(), random.weighted(KINDS)];
        world.sends(id, kind);
        unacknowledged.push({ id, kind, session, content: script(kind, id) });
        await deliver(unacknowledged.at(-1));
        await stop();
      },

      /** Forgets a session and has it all again, in parts. */
      async readAgain() {
        if (phone.sessions.size === 0) return;
        const session = random.one([...phone.sessions.values()]);
        session.forget();
        await session.attach(phone, random.int(5, 100));
      },
    },
  };
}
