// @vitest-environment node
import { expect, test } from 'vitest';
import { ConnectionLost, RequestError } from '../net/errors';
import { explain } from './explain';

const failure = (message: string, action?: string) => new RequestError({ code: 'AGENT_UNAVAILABLE', message, details: { action } });

test('what to do is said, and said once', () => {
  expect(explain(failure('Not logged in.'))).toBe('Not logged in.');
  expect(explain(failure('Not logged in.', 'Run claude.'))).toBe('Not logged in. Run claude.');
  expect(explain(failure('Not logged in. Run claude.', 'Run claude.'))).toBe('Not logged in. Run claude.');
});

test('a bug is no stack trace', () => {
  for (const error of [new TypeError('x is undefined'), undefined, 'text', new ConnectionLost()]) {
    expect(explain(error)).toMatch(/^[A-Z].*\.$/);
    expect(explain(error)).not.toContain('undefined');
  }
});
