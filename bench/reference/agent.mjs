// A process for each message, as the reference does it; what it prints is parsed, kept and passed on line by line.
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

const arguments_ = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose', '--include-partial-messages'];

export async function agentTurn({ agentSessionId, content }, cwd, database, say) {
  const session = agentSessionId ?? randomUUID();
  const run = execa(process.env.POCKETCODER_CLAUDE, [...arguments_, agentSessionId ? '--resume' : '--session-id', session], { cwd, buffer: false, reject: false });
  run.stdin.end(`${JSON.stringify({ type: 'user', message: { role: 'user', content: [{ type: 'text', text: content }] } })}\n`);
  void forward(run, session, database, say);
  return { agentSessionId: session };
}

async function forward(run, session, database, say) {
  const keep = database.prepare('INSERT INTO events VALUES (?, ?, ?)');
  let { seq } = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM events WHERE session = ?').get(session);
  for await (const line of createInterface(run.stdout)) {
    for (const event of events(JSON.parse(line))) {
      if (event.type !== 'text_delta') keep.run(session, ++seq, JSON.stringify(event));
      say('agent_event', { agentSessionId: session, seq, ...event });
    }
  }
}

function* events({ type, event, message, is_error: isError }) {
  if (event?.delta?.type === 'text_delta') yield { type: 'text_delta', delta: event.delta.text };
  if (type === 'assistant') for (const { type: kind, text } of message.content) if (kind === 'text') yield { type: 'text', text };
  if (type === 'result') yield { type: 'done', isError };
}
