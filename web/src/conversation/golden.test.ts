// @vitest-environment node
import { describe, expect, test } from 'vitest';
import type { AgentEvent, Envelope } from '../protocol.gen';
import { reduce } from './reduce';
import { emptyView } from './view';

const golden = import.meta.glob<Envelope>('../../../tests/Protocol.Tests/Golden/*.json', { eager: true, import: 'default' });
const messages = Object.entries(golden).map(([path, message]) => [path.split('/').at(-1)!.replace('.json', ''), message] as const);
const agentEvents = messages.filter(([name]) => name.startsWith('agent_event.'));

test('the golden messages are there', () => {
  expect(agentEvents.length).toBeGreaterThanOrEqual(17);
});

test.each(messages)('%s is a message of its type', (name, message) => {
  expect(message.type).toBe(name.split('.')[0]);
});

describe('every agent event', () => {
  // What has nothing to attach to in an empty conversation leaves it as it is.
  const dependent = ['tool_result', 'prompt_resolved', 'status'];

  test.each(agentEvents)('%s is understood', (_, { payload }) => {
    const event = payload as AgentEvent;
    const now = reduce({ ...emptyView, lastSeq: (event.seq ?? 1) - 1 }, event);
    // What has no number tells in its own way where the log goes on.
    const lastSeq = event.type === 'gap' ? event.to : event.seq;
    if (lastSeq !== undefined) expect(now.lastSeq).toBe(lastSeq);
    if (!dependent.includes(event.type)) expect({ ...now, lastSeq: 0 }).not.toEqual(emptyView);
  });

  test('together they make a conversation', () => {
    const now = agentEvents
      .map(([, { payload }]) => payload as AgentEvent)
      .sort((one, other) => (one.seq ?? 0) - (other.seq ?? 0))
      // The golden gap ends far behind the golden events, and would hide them.
      .filter((event) => event.type !== 'gap')
      .reduce(reduce, emptyView);
    expect(now.items.map((item) => item.kind)).toEqual(expect.arrayContaining(['user', 'text', 'thinking', 'tool', 'task', 'error', 'done']));
    expect(now.todo).toHaveLength(2);
  });
});
