// @vitest-environment node
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Highlighter } from './highlighter';
import { languageOf, LANGUAGES } from './languages';
import { GRAMMARS, tokensOf } from './tokens';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

class FakeWorker {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  asked: { id: number; code: string }[] = [];
  ended = false;
  postMessage(message: { id: number; code: string }): void {
    this.asked.push(message);
  }
  answer(): void {
    this.onmessage?.({ data: { id: this.asked.at(-1)!.id, lines: [[[0, 1, 'string']]] } });
  }
  terminate(): void {
    this.ended = true;
  }
}

function begin() {
  const workers: FakeWorker[] = [];
  const highlighter = new Highlighter(() => {
    workers.push(new FakeWorker());
    return workers.at(-1) as unknown as Worker;
  });
  return { workers, highlighter };
}

test('one piece after the other, and the same piece only once', async () => {
  const { workers, highlighter } = begin();
  const [first, second, again] = [highlighter.colour('css', 'a'), highlighter.colour('css', 'b'), highlighter.colour('css', 'a')];
  expect(workers[0].asked).toHaveLength(1);
  workers[0].answer();
  expect(await first).toEqual([[[0, 1, 'string']]]);
  expect(await again).toBe(await first);
  workers[0].answer();
  await second;
  expect(workers[0].asked.map(({ code }) => code)).toEqual(['a', 'b']);
});

test('a grammar that never ends is given up, with its thread; the others go on', async () => {
  const { workers, highlighter } = begin();
  const [stuck, other] = [highlighter.colour('css', 'a'), highlighter.colour('json', 'b')];
  vi.advanceTimersByTime(4_000);
  expect(await stuck).toEqual([]);
  expect(workers[0].ended).toBe(true);
  workers[1].answer();
  expect(await other).toHaveLength(1);
  expect(await highlighter.colour('css', 'c')).toEqual([]);
});

test('where there are no workers, code is plain', async () => {
  const none = new Highlighter(() => {
    throw new Error('no workers here');
  });
  expect(await none.colour('css', 'a')).toEqual([]);
});

test.each([
  ['src/a.test.ts', 'typescript'], ['Dockerfile', 'dockerfile'], ['a/b/Makefile', 'makefile'], ['x.CS', 'csharp'], ['LICENSE', undefined], ['a.constructor', undefined], ['.ts/x', undefined],
])('%s is %s', (path, language) => expect(languageOf(path)).toBe(language));

test('there is a grammar for each language', () => expect(Object.keys(GRAMMARS).sort()).toEqual([...LANGUAGES].sort()));

test('tokens are told line by line, without HTML', async () => {
  const code = 'const a = `<b>${x + 1}</b>`; // <i>\n/* two\nlines */ let b = "&";';
  const lines = await tokensOf('typescript', code);
  const source = code.split('\n');
  const found = lines.map((tokens, line) => tokens.map(([start, end, kind]) => [source[line].slice(start, end), kind]));
  expect(found[0]).toEqual([['const', 'keyword'], ['`<b>', 'string'], ['1', 'number'], ['</b>`', 'string'], ['// <i>', 'comment']]);
  expect(found[1]).toEqual([['/* two', 'comment']]);
  expect(found[2]).toEqual([['lines */', 'comment'], ['let', 'keyword'], ['"&"', 'string']]);
});
