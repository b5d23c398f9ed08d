#!/usr/bin/env node
// Stands in for Claude Code where its own time must not count: `deltas N MS` says N words, one each MS milliseconds, each the time at which it was said;
// `texts N MS` says so in N whole texts; `blocks N` says N whole texts as fast as it can.
import { createInterface } from 'node:readline';

const now = () => performance.timeOrigin + performance.now();
const say = (line) => process.stdout.write(`${JSON.stringify({ ...line, session_id: 's' })}\n`);
const event = (data) => say({ type: 'stream_event', event: data, parent_tool_use_id: null });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

if (process.argv.includes('--version')) {
  console.log('2.1.330 (Claude Code)');
} else if (process.argv[2] === 'auth') {
  console.log('{"loggedIn":true}');
} else {
  for await (const text of createInterface(process.stdin)) {
    const line = JSON.parse(text);
    if (line.type === 'control_request') {
      say({ type: 'control_response', response: { subtype: 'success', request_id: line.request_id, response: {} } });
      continue;
    }

    const [what, count, ms] = [line.message.content].flat().at(-1).text.split(' ');
    say({ type: 'system', subtype: 'init', model: 'm', cwd: process.cwd(), tools: [], permissionMode: 'default', claude_code_version: '2.1.330' });
    if (what === 'deltas') {
      event({ type: 'message_start', message: { id: 'msg' } });
      for (let i = 0; i < Number(count); i++) {
        event({ type: 'content_block_delta', delta: { type: 'text_delta', text: `${now()}` } });
        await pause(Number(ms));
      }
    } else {
      for (let i = 0; i < Number(count); i++) {
        const text = what === 'texts' ? `${now()}` : `Block ${i}`;
        say({ type: 'assistant', message: { id: `m${i}`, content: [{ type: 'text', text }] }, parent_tool_use_id: null });
        if (ms) await pause(Number(ms));
      }
    }

    say({ type: 'result', subtype: 'success', is_error: false, result: '', usage: {}, num_turns: 1 });
  }
}
