import { play, welcome } from './mock-scenes.mjs';

const FILES = {
  '': [dir('src'), dir('node_modules', true), file('README.md', 1840), file('package.json', 912), file('logo.png', 48_213), file('huge.log', 40_000_000), link('current')],
  src: [dir('src/widgets'), file('src/main.ts', 1204), file('src/very-long-file-name-that-does-not-fit-on-a-phone-screen.generated.ts', 88), file('src/evil‮fdp.exe', 10)],
  'src/widgets': [],
};
const README = '# Pocket weather\n\nShows the weather for where you are.\n\n' + Array.from({ length: 80 }, (_, line) => `line ${line + 5}: the quick brown fox jumps over the lazy dog and runs on for a while`).join('\n') + '\n';

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
  #messages = new Map();
  #pace;

  constructor(pace) {
    this.#pace = pace;
    const begun = this.#session('s1', 'Why does the forecast show yesterday’s rain?');
    for (const event of welcome) begun.emit(event);
    this.#session('s2', 'Add a dark theme and keep the contrast above 4.5').state = 'running';
    this.#session('s3', 'Rename every “temp” to “temperature” in the public API, then run the tests').state = 'waiting';
  }

  detach(send) {
    for (const session of this.sessions.values()) session.clients.delete(send);
  }

  answer({ type, sessionId, payload, reply, refuse, send }) {
    const session = this.sessions.get(payload.agentSessionId);
    switch (type) {
      case 'projects_list':
        return reply({ projects: this.projects });
      case 'fs_list':
        return FILES[payload.path] ? reply({ path: payload.path, seq: 0, truncated: false, children: FILES[payload.path] }) : refuse('FILE_NOT_FOUND', 'There is no such directory.');
      case 'fs_read':
        return this.#read(payload.path, reply, refuse);
      case 'agent_sessions_list':
        return reply({ sessions: sessionId === 'p1' ? [...this.sessions.values()].map((one) => one.entry()).reverse() : [] });
      case 'agent_session_new':
      case 'agent_message':
        return this.#message(type, session, payload, reply, send);
    }
    if (!session) return refuse('NOT_FOUND', 'There is no such session.');
    if (type === 'agent_session_attach') {
      session.clients.add(send);
      for (const event of session.events) if (event.seq > payload.afterSeq) session.tell(send, event);
      return reply({ lastSeq: session.events.length, state: session.state });
    }
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

  #message(type, present, payload, reply, send) {
    if (this.#messages.has(payload.messageId)) return reply(this.#messages.get(payload.messageId));
    const session = present ?? this.#session(`s${this.sessions.size + 1}`, payload.content);
    const answer = type === 'agent_session_new' ? { agentSessionId: session.id } : { queued: session.state !== 'idle', position: 0 };
    this.#messages.set(payload.messageId, answer);
    session.clients.add(send);
    reply(answer);
    void play(session, payload, this.#pace);
  }

  #read(path, reply, refuse) {
    if (path === 'huge.log') return refuse('FILE_TOO_LARGE', 'The file has more than 10 MB.');
    if (path === 'current') return refuse('IS_A_DIRECTORY', 'This is a directory.');
    const binary = path.endsWith('.png');
    reply({ path, content: binary ? 'AAAA' : README, encoding: binary ? 'base64' : 'utf-8', binary, size: README.length, modifiedAt: new Date(Date.now() - 400_000).toISOString(), etag: 'e' });
  }

  #session(id, title) {
    const session = {
      id, title, state: 'idle', events: [], clients: new Set(), cancelled: false, resume: undefined,
      tell: (send, event) => send({ type: 'agent_event', machineKey: 'm1', sessionId: 'p1', payload: event }),
      emit(event) {
        const full = { ...event, agentSessionId: id, at: new Date().toISOString() };
        if (event.type !== 'text_delta') session.events.push(Object.assign(full, { seq: session.events.length + 1 }));
        for (const send of session.clients) session.tell(send, full);
      },
      entry: () => ({
        agentSessionId: id, title, startedAt: new Date().toISOString(), lastActivityAt: new Date(Date.now() - 180_000).toISOString(), messageCount: 1, state: session.state, queued: 0,
      }),
    };
    this.sessions.set(id, session);
    return session;
  }
}

function entry(path, kind, size, ignored) {
  return { name: path.split('/').at(-1), path, kind, size, modifiedAt: new Date().toISOString(), ignored };
}
function dir(path, ignored) {
  return entry(path, 'directory', 0, ignored);
}
function file(path, size) {
  return entry(path, 'file', size);
}
function link(path) {
  return entry(path, 'symlink', 0);
}
