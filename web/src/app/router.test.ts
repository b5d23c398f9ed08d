import fc from 'fast-check';
import { expect, test } from 'vitest';
import { href, parseRoute, type Route } from './router.svelte';

const part = fc.string({ minLength: 1, unit: 'grapheme' });
const place = { machineKey: part, projectId: part };
const path = fc.array(part.filter((name) => !name.includes('/')), { maxLength: 4 }).map((parts) => parts.join('/'));
const anyRoute: fc.Arbitrary<Route> = fc.oneof(
  fc.record({ name: fc.constantFrom('projects' as const, 'inbox' as const, 'settings' as const, 'devices' as const, 'licence' as const, 'begin' as const) }),
  fc.record({ name: fc.constant('connection' as const), machineKey: part }),
  fc.constant({ name: 'connection' as const }),
  fc.record({ name: fc.constantFrom('sessions' as const, 'new' as const), ...place }),
  fc.record({ name: fc.constant('session' as const), ...place, agentSessionId: part }),
  fc.record({ name: fc.constantFrom('files' as const, 'file' as const), ...place, path }),
  fc.record({ name: fc.constant('file' as const), ...place, path, line: fc.integer({ min: 1, max: 9_999_999 }) }),
  fc.record({ name: fc.constant('commands' as const), ...place }),
  fc.record({ name: fc.constant('commands' as const), ...place, runId: part }),
  fc.record({ name: fc.constant('git' as const), ...place }),
  fc.record({ name: fc.constant('git' as const), ...place, view: fc.constantFrom('log' as const, 'branches' as const, 'turn' as const) }),
  fc.record({ name: fc.constant('git' as const), ...place, view: fc.constantFrom('commit' as const, 'turn' as const), id: part }),
  fc.record({ name: fc.constant('git' as const), ...place, view: fc.constant('turn' as const), id: part, turn: part }),
);

test('every screen has an address that leads back to it', () => {
  fc.assert(
    fc.property(anyRoute, (route) => {
      expect(parseRoute(href(route))).toEqual(route);
    }),
  );
});

test.each(['', '#', '#/', '#pair=0123456789abcdef', '#/m/k', '#/m/k/p/', '#/x/y/z', '#/inbox/x', '#/projects/x', '#/connection/a/b', '#/m/%/p/x', '#/m/k/p/x/unknown'])('%j leads home', (hash) => {
  expect(parseRoute(hash)).toEqual({ name: 'projects' });
});
