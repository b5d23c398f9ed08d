import type { Connection } from '../net/connection';
import type { FsSearchMatches } from '../protocol.gen';
import { text } from '../ui/text';
import { keyOf, type Choice, type Option } from './choice';
import type { Conversation } from './conversation.svelte';
import { mentionQuery, ranked, withMention } from './fileMention';

const MOST = 20;
/** Who writes on need not be searched for. */
const AFTER = 120;

/** The project's files on offer while one is being named after an @. */
export class FileChoice implements Choice {
  readonly label = text.mentions.label;
  #conversation: Conversation;
  #connection: Connection;
  #moveCaret: (caret: number) => void;
  #paths = $state.raw<readonly string[]>([]);
  #marked = $state(0);
  #place: { query: string; from: number; caret: number } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #search: AbortController | undefined;
  readonly options: readonly Option[] = $derived(
    this.#paths.map((path) => {
      const name = path.replace(/\/$/, '').split('/').at(-1)!;
      return { label: name + (path.endsWith('/') ? '/' : ''), detail: path };
    }),
  );

  constructor(conversation: Conversation, connection: Connection, moveCaret: (caret: number) => void) {
    this.#conversation = conversation;
    this.#connection = connection;
    this.#moveCaret = moveCaret;
  }

  get marked(): number {
    return Math.min(this.#marked, this.#paths.length - 1);
  }

  get found(): string {
    return text.mentions.found(this.#paths.length);
  }

  written(caret: number): void {
    const mention = mentionQuery(this.#conversation.draft, caret);
    clearTimeout(this.#timer);
    this.#search?.abort();
    this.#marked = 0;
    this.#place = mention && { ...mention, caret };
    if (!mention) return void (this.#paths = []);
    this.#timer = setTimeout(() => void this.#look(mention.query), AFTER);
  }

  take(index: number): void {
    if (!this.#place) return;
    const { draft, caret } = withMention(this.#conversation.draft, this.#place.from, this.#place.caret, this.#paths[index]);
    this.#conversation.draft = draft;
    this.#moveCaret(caret);
    this.written(caret);
  }

  key(key: string): boolean {
    const meant = keyOf(key, this.marked, this.#paths.length);
    if (typeof meant === 'number') this.#marked = meant;
    else if (meant === 'close') this.#paths = [];
    else if (meant === 'take') this.take(this.marked);
    else return false;
    return true;
  }

  /** A machine that is away, or cannot search, offers nothing: the name can be written by hand. */
  async #look(query: string): Promise<void> {
    const { signal } = (this.#search = new AbortController());
    try {
      const paths = query === '' || query.includes('/') ? await this.#within(query) : await this.#named(query, signal);
      if (!signal.aborted) this.#paths = ranked(paths, query.split('/').at(-1)!).slice(0, MOST);
    } catch {
      if (!signal.aborted) this.#paths = [];
    }
  }

  async #within(query: string): Promise<string[]> {
    const end = query.lastIndexOf('/');
    const wanted = query.slice(end + 1).toLowerCase();
    const { children } = await this.#connection.request('fs_list', { path: end < 0 ? '' : query.slice(0, end) }, this.#target);
    return children
      .filter(({ name, ignored }) => !ignored && name.toLowerCase().includes(wanted))
      .map(({ path, kind }) => (kind === 'directory' ? `${path}/` : path));
  }

  async #named(query: string, signal: AbortSignal): Promise<string[]> {
    const paths: string[] = [];
    await this.#connection.request('fs_search', { query, kind: 'name', limit: 4 * MOST }, {
      ...this.#target,
      signal,
      onSent: (requestId) => signal.addEventListener('abort', () => this.#connection.request('fs_search_cancel', { requestId }, this.#target).catch(() => {})),
      onEvent: ({ type, payload }) => {
        if (type === 'fs_search_matches') paths.push(...(payload as FsSearchMatches).matches.map((match) => match.path));
      },
    });
    return paths;
  }

  get #target(): { machineKey: string; sessionId: string } {
    return { machineKey: this.#conversation.place.machineKey, sessionId: this.#conversation.place.projectId };
  }
}
