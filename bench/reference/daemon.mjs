// node daemon.mjs RELAY HOME PROJECT…: a daemon as one would write it in Node. Prints where its control endpoint listens, when it does.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fastify from 'fastify';
import { agentTurn } from './agent.mjs';
import { listDirectory, readWholeFile, watchProject } from './files.mjs';
import { execCommand, gitStatus } from './commands.mjs';
import { connectToRelay } from './link.mjs';

const [relay, home, ...paths] = process.argv.slice(2);
mkdirSync(home, { recursive: true });
const database = new Database(join(home, 'daemon.db'));
database.pragma('journal_mode = WAL');
database.exec('CREATE TABLE IF NOT EXISTS events (session TEXT, seq INTEGER, json TEXT, PRIMARY KEY (session, seq))');

const projects = new Map(paths.map((path, index) => [`p${index}`, { path, watcherRunning: false }]));
const handlers = {
  fs_list: ({ path }, project) => listDirectory(project.path, path),
  fs_read: ({ path }, project) => readWholeFile(project.path, path),
  git_status: (_, project) => gitStatus(project.path),
  command_exec: ({ command }, project, say) => execCommand(command, project.path, say),
  agent_session_new: (payload, project, say) => agentTurn(payload, project.path, database, say),
  agent_message: (payload, project, say) => agentTurn(payload, project.path, database, say),
};
const link = connectToRelay(relay, async (message, send) => {
  const { type, requestId, clientId, sessionId, payload } = message;
  const answer = (answerType, content) => send({ type: answerType, requestId, clientId, sessionId, payload: content });
  try {
    const content = await handlers[type](payload, projects.get(sessionId), answer);
    answer(type === 'command_exec' ? 'command_exit' : `${type}_response`, content);
  } catch (error) {
    answer('error', { message: error.message });
  }
});

for (const [projectId, project] of projects) {
  watchProject(project.path, () => (project.watcherRunning = true), (payload) => link.send({ type: 'fs_changed', sessionId: projectId, payload }));
}

const control = fastify();
control.get('/health', async () => '');
control.get('/status', async () => ({ connected: link.connected(), projects: [...projects.values()] }));
console.log(JSON.stringify({ url: await control.listen({ host: '127.0.0.1', port: 0 }) }));
