import hljs from 'highlight.js/lib/core';
import type { Token, TokenKind } from './segments';

/** A grammar is fetched when a file of its language is shown. */
export const GRAMMARS: Record<string, () => Promise<{ default: Parameters<typeof hljs.registerLanguage>[1] }>> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  dart: () => import('highlight.js/lib/languages/dart'),
  diff: () => import('highlight.js/lib/languages/diff'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  elixir: () => import('highlight.js/lib/languages/elixir'),
  go: () => import('highlight.js/lib/languages/go'),
  graphql: () => import('highlight.js/lib/languages/graphql'),
  haskell: () => import('highlight.js/lib/languages/haskell'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  less: () => import('highlight.js/lib/languages/less'),
  lua: () => import('highlight.js/lib/languages/lua'),
  makefile: () => import('highlight.js/lib/languages/makefile'),
  markdown: () => import('highlight.js/lib/languages/markdown'),
  perl: () => import('highlight.js/lib/languages/perl'),
  php: () => import('highlight.js/lib/languages/php'),
  powershell: () => import('highlight.js/lib/languages/powershell'),
  python: () => import('highlight.js/lib/languages/python'),
  r: () => import('highlight.js/lib/languages/r'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  scala: () => import('highlight.js/lib/languages/scala'),
  scss: () => import('highlight.js/lib/languages/scss'),
  sql: () => import('highlight.js/lib/languages/sql'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
};

const KINDS: Record<string, TokenKind> = {
  comment: 'comment', quote: 'comment', doctag: 'comment', deletion: 'comment',
  keyword: 'keyword', literal: 'keyword', name: 'keyword', 'selector-tag': 'keyword', section: 'keyword', operator: 'keyword',
  string: 'string', regexp: 'string', char: 'string', link: 'string', addition: 'string', code: 'string',
  number: 'number', symbol: 'number', bullet: 'number',
  title: 'title', type: 'type', built_in: 'type', class: 'type',
  attr: 'attr', attribute: 'attr', property: 'attr', variable: 'attr', 'template-variable': 'attr', 'selector-class': 'attr', 'selector-id': 'attr',
  meta: 'meta', 'template-tag': 'meta',
};

type Part = [text: string, kind: TokenKind | undefined];

/** What the parser tells of, kept as pieces of text; no HTML is ever made. */
class Parts {
  readonly parts: Part[] = [];
  #kinds: (TokenKind | undefined)[] = [];

  addText(text: string): void {
    if (text) this.parts.push([text, this.#kinds.at(-1)]);
  }
  startScope(scope: string): void {
    this.#kinds.push(scope === 'subst' ? undefined : (KINDS[scope.split('.')[0]] ?? this.#kinds.at(-1)));
  }
  endScope(): void {
    this.#kinds.pop();
  }
  __addSublanguage(inner: Parts): void {
    this.parts.push(...inner.parts);
  }
  openNode = (scope: string): void => this.startScope(scope);
  closeNode = (): void => this.endScope();
  closeAllNodes(): void {}
  finalize(): void {}
  toHTML(): string {
    return '';
  }
}

// The one way to have the parser's findings without its HTML; lowlight relies on it too.
hljs.configure({ __emitter: Parts } as unknown as Parameters<typeof hljs.configure>[0]);

/** The coloured pieces of each line. */
export async function tokensOf(language: string, code: string): Promise<Token[][]> {
  if (!hljs.getLanguage(language)) {
    if (!Object.hasOwn(GRAMMARS, language)) return [];
    hljs.registerLanguage(language, (await GRAMMARS[language]()).default);
    if (language === 'xml') await Promise.all(['javascript', 'css'].map((inner) => tokensOf(inner, '')));
  }
  const { _emitter } = hljs.highlight(code, { language, ignoreIllegals: true }) as unknown as { _emitter: Parts };
  const lines: Token[][] = [[]];
  let at = 0;
  for (const [text, kind] of _emitter.parts) {
    text.split('\n').forEach((piece, index) => {
      if (index > 0) {
        lines.push([]);
        at = 0;
      }
      if (kind && piece) lines.at(-1)!.push([at, at + piece.length, kind]);
      at += piece.length;
    });
  }
  return lines;
}
