import { MockCommands } from './mock-commands.mjs';
import { MockFiles } from './mock-files.mjs';
import { asTold, long, play, welcome, workInProgress } from './mock-scenes.mjs';

const AGENTS = [
  { agent: 'claude', name: 'Claude Code', available: true, version: '2.1.332' },
  { agent: 'claude-acp', name: 'Claude Code (ACP)', available: true, version: '0.9.1' },
  { agent: 'gemini', name: 'Gemini CLI', available: false, action: 'Install it on the machine: npm install --global @google/gemini-cli' },
];
const COMMANDS = [
  { name: 'clear', description: 'Clear the conversation and begin anew' },
  { name: 'compact', description: 'Keep a summary of the conversation in place of the conversation itself', argumentHint: '[what to keep]' },
  { name: 'cost', description: 'Say what this session has cost so far' },
  { name: 'review', description: 'Review a pull request', argumentHint: '[number]' },
  { name: 'security-review', description: 'Look for weaknesses in the pending changes on this branch' },
];
const EPOCH = 'mock-epoch';
/** What was written before this is not kept any more, in the long session. */
const KEPT_FROM = 200;

/** One machine with two projects; sessions are event logs that scenes write to. */
export class MockDaemon {
  machines = [
    { machineKey: 'm1', label: 'workstation', hostname: 'workstation', platform: 'linux', connected: true, lastSeenAt: null, daemonVersion: '0.1.0' },
    { machineKey: 'm2', label: 'old laptop', hostname: 'laptop', platform: 'darwin', connected: false, lastSeenAt: new Date(Date.now() - 7_200_000).toISOString(), daemonVersion: '0.1.0' },
  ];
  projects = [
    { projectId: 'p1', name: 'pocket-weather', path: '~/code/pocket-weather', lastOpenedAt: null, watcherRunning: true, lastFsSeq: 0 },
    { projectId: 'p2', name: 'site', path: '~/code/clients/site', lastOpenedAt: null, watcherRunning: true, lastFsSeq: 0 },
  ];
  sessions = new Map();
  files = new MockFiles();
  commands = new MockCommands();
  problems = [
    { projectId: 'p2', agentSessionId: 's9', title: 'Write the release notes', at: new Date(Date.now() - 900_000).toISOString(), code: 'rate_limit', message: 'You have reached the limit of your plan for this model.', resetsAt: new Date(Date.now() + 5_400_000).toISOString(), action: 'Wait until it resets, or choose another model.' },
  ];
  /** Given by the relay, which knows who is there. */
  onChanged = () => {};
  #messages = new Map();
  #pace;

  constructor(pace) {
    this.#pace = pace;
    const begun = this.#session('s1', 'Why does the forecast show yesterday’s rain?');
    for (const event of welcome) begun.emit(event);
    const busy = this.#session('s2', 'Add a dark theme and keep the contrast above 4.5');
    for (const event of workInProgress) busy.emit(event);
    busy.branch = 'dark-theme';
    busy.background = 1;
    const terminal = this.#session('s3', 'Rename every “temp” to “temperature” in the public API, then run the tests');
    Object.assign(terminal, { inTerminal: true, origin: 'terminal', branch: 'a-branch-with-a-rather-long-name/and-a-slash' });
    for (const event of welcome) terminal.emit({ ...event, messageId: undefined });
    const old = this.#session('s4', 'A very long session that began weeks ago');
    old.gone = KEPT_FROM;
    for (const event of long) old.emit(event);
    void play(this.#session('s5', 'Write the notes down'), { messageId: 'seed', content: 'Write the notes down' }, pace);
    void play(this.#session('s7', 'Clean the build and start over'), { messageId: 'seed3', content: 'bash' }, pace);
    void play(this.#session('s6', 'Ask me about the question of colours'), { messageId: 'seed2', content: 'question' }, pace);
  }

  detach(send) {
    for (const session of this.sessions.values()) session.clients.delete(send);
  }

  answer({ type, requestId, sessionId, payload, reply, refuse, send }) {
    if (type.startsWith('fs_')) return this.files.answer({ type, requestId, sessionId, payload, reply, refuse, send });
    if (type.startsWith('command_')) return this.commands.answer({ type, requestId, sessionId, payload, reply, refuse, send });
    const session = this.sessions.get(payload.agentSessionId);
    switch (type) {
      case 'machine_rename':
        this.machines[0].label = payload.label;
        return reply({ label: payload.label });
      case 'projects_list':
        return reply({ projects: this.projects });
      case 'agents_list':
        return reply({ agents: AGENTS });
      case 'agent_commands':
        return reply({ commands: COMMANDS });
      case 'agent_prompts_list':
        return reply({ prompts: this.#open(), problems: this.problems });
      case 'agent_problem_dismiss':
        this.problems = this.problems.filter((problem) => problem.agentSessionId !== payload.agentSessionId);
        reply({});
        return session?.changed();
      case 'push_subscribe':
      case 'push_unsubscribe':
      case 'push_test':
        return reply({});
      case 'agent_sessions_list':
        return reply({ sessions: sessionId === 'p1' ? [...this.sessions.values()].map((one) => one.entry()).reverse() : [] });
      case 'agent_session_new':
      case 'agent_message':
        return this.#message(type, session, payload, reply, refuse, send);
    }
    if (!session) return refuse('NOT_FOUND', 'There is no such session.');
    if (type === 'agent_session_attach') return this.#attach(session, payload, reply, send);
    if (type === 'agent_events') {
      const from = Math.max(session.gone, payload.beforeSeq - 1 - (payload.limit ?? 500));
      const gap = session.gone > 0 && from === session.gone ? [{ type: 'gap', from: 1, to: session.gone, agentSessionId: session.id, at: '' }] : [];
      return reply({ events: [...gap, ...session.events.slice(from, payload.beforeSeq - 1)], more: from > session.gone || undefined });
    }
    if (type === 'agent_session_take_over') {
      session.inTerminal = undefined;
      session.changed();
      return reply({ takenOver: true });
    }
    if (type === 'agent_session_fork') {
      const fork = this.#session(`s${this.sessions.size + 1}`, session.title);
      for (const { seq, at, agentSessionId, ...event } of session.events) fork.emit(event);
      return reply({ agentSessionId: fork.id });
    }
    if (type === 'agent_session_resume_command') return reply({ command: `cd ~/code/pocket-weather && claude --resume ${session.id}` });
    if (type === 'agent_set_mode') return reply({ permissionMode: payload.permissionMode, model: 'mock' });
    if (type === 'agent_cancel') {
      session.cancelled = true;
      session.resume?.({ decision: 'deny' });
      return reply({ cancelled: true });
    }
    if (type === 'agent_prompt_response') {
      reply({ accepted: true });
      return session.resume?.(payload);
    }
    refuse('INVALID_REQUEST', `Unknown type ${type}.`);
  }

  #attach(session, { afterSeq, limit = Infinity, epoch, last }, reply, send) {
    const lastSeq = session.events.length;
    if (epoch !== undefined && epoch !== EPOCH) return reply({ lastSeq, state: session.state, epoch: EPOCH, resync: true });
    if (last !== undefined && lastSeq - last > Math.max(afterSeq, session.gone)) {
      session.tell(send, { type: 'gap', from: afterSeq + 1, to: lastSeq - last, kept: true, agentSessionId: session.id, at: '' });
      afterSeq = lastSeq - last;
    }
    if (afterSeq < session.gone) session.tell(send, { type: 'gap', from: afterSeq + 1, to: session.gone, agentSessionId: session.id, at: '' });
    const events = session.events.slice(Math.max(afterSeq, session.gone));
    for (const event of events.slice(0, limit)) session.tell(send, event);
    const more = events.length > limit || undefined;
    if (!more) session.clients.add(send);
    reply({ lastSeq, state: session.state, epoch: EPOCH, more, inTerminal: session.inTerminal });
  }

  #open() {
    return [...this.sessions.values()].flatMap((session) =>
      session.prompts.map((prompt) => ({ projectId: 'p1', agentSessionId: session.id, title: session.title, prompt })),
    );
  }

  #message(type, present, payload, reply, refuse, send) {
    if (this.#messages.has(payload.messageId)) return reply(this.#messages.get(payload.messageId));
    if (present?.inTerminal) return refuse('CONFLICT', 'A terminal has this session open.', { reason: 'in_terminal' });
    const session = present ?? this.#session(`s${this.sessions.size + 1}`, payload.content);
    const answer = type === 'agent_session_new' ? { agentSessionId: session.id } : { queued: session.state !== 'idle' && !payload.steer, position: 0, steered: (session.state !== 'idle' && payload.steer) || undefined };
    this.#messages.set(payload.messageId, answer);
    session.clients.add(send);
    reply(answer);
    if (answer.steered) return session.steer(payload);
    if (answer.queued) session.emit({ type: 'user', messageId: payload.messageId, content: payload.content, images: asTold(payload.images), queued: true });
    session.last = session.last.then(() => play(session, payload, this.#pace));
  }

  #session(id, title) {
    const session = {
      id, title, state: 'idle', events: [], prompts: [], clients: new Set(), cancelled: false, resume: undefined, gone: 0, background: 0, steered: [], last: Promise.resolve(),
      tell: (send, event) => send({ type: 'agent_event', machineKey: 'm1', sessionId: 'p1', payload: event }),
      emit(event) {
        const full = { ...event, agentSessionId: id, at: new Date().toISOString() };
        if (event.type === 'prompt') session.prompts.push(full);
        if (event.type === 'prompt_resolved') session.prompts = session.prompts.filter((prompt) => prompt.promptId !== event.promptId);
        if (event.type === 'task') session.background += event.state === 'running' ? 1 : -1;
        if (event.type !== 'text_delta') session.events.push(Object.assign(full, { seq: session.events.length + 1 }));
        for (const send of session.clients) session.tell(send, full);
      },
      steer({ messageId, content }) {
        session.steered.push(messageId);
        session.emit({ type: 'user', messageId, content });
        session.emit({ type: 'status', state: session.state, messageId });
      },
      /** Every device hears of it, whatever it shows. */
      changed: () => this.onChanged({
        agentSessionId: id, state: session.state, title, openPrompts: session.prompts.length, lastSeq: session.events.length,
        machineOpenPrompts: this.#open().length, machineProblems: this.problems.length || undefined, inTerminal: session.inTerminal, background: session.background || undefined,
      }),
      entry: () => ({
        agentSessionId: id, title, startedAt: new Date().toISOString(), lastActivityAt: new Date(Date.now() - 180_000).toISOString(), messageCount: 1, state: session.state, queued: 0,
        origin: session.origin ?? 'phone', inTerminal: session.inTerminal, branch: session.branch, background: session.background || undefined, openPrompts: session.prompts.length,
      }),
    };
    this.sessions.set(id, session);
    return session;
  }
}
