/** The parts of a project's git. */
export type GitView = 'changes' | 'log' | 'branches' | 'commit' | 'turn';

/** The screens that belong to no project. */
const HOMES = ['projects', 'inbox', 'settings', 'devices', 'licence', 'begin'] as const;
export type Home = (typeof HOMES)[number];
const isHome = (name: string): name is Home => HOMES.includes(name as Home);

export type Route =
  | { name: 'connection'; machineKey?: string }
  | { name: Home }
  | { name: 'sessions' | 'new'; machineKey: string; projectId: string }
  | { name: 'session'; machineKey: string; projectId: string; agentSessionId: string }
  | { name: 'files'; machineKey: string; projectId: string; path: string }
  | { name: 'file'; machineKey: string; projectId: string; path: string; line?: number }
  | { name: 'commands'; machineKey: string; projectId: string; runId?: string }
  | { name: 'git'; machineKey: string; projectId: string; view?: GitView; id?: string; turn?: string };

/** The address of a screen. Hash routes, because the relay answers only for files that exist. */
export function href(route: Route): string {
  if (!('projectId' in route)) {
    const name = route.name === 'projects' ? '' : route.name;
    return `#/${name}${'machineKey' in route && route.machineKey ? `/${encodeURIComponent(route.machineKey)}` : ''}`;
  }
  const project = `#/m/${encodeURIComponent(route.machineKey)}/p/${encodeURIComponent(route.projectId)}`;
  switch (route.name) {
    case 'sessions':
      return project;
    case 'new':
      return `${project}/new`;
    case 'session':
      return `${project}/s/${encodeURIComponent(route.agentSessionId)}`;
    case 'files':
    case 'file': {
      const line = route.name === 'file' && route.line ? `?line=${route.line}` : '';
      return `${project}/${route.name}/${route.path.split('/').map(encodeURIComponent).join('/')}${line}`;
    }
    case 'commands':
      return `${project}/commands${route.runId ? `/${encodeURIComponent(route.runId)}` : ''}`;
    case 'git': {
      const { view = 'changes', id, turn } = route;
      const parts = view === 'changes' ? [] : [view, id, id && turn].filter((part) => !!part).map((part) => encodeURIComponent(part!));
      return [`${project}/git`, ...parts].join('/');
    }
  }
}

/** The screen of an address; anything unknown leads home. */
export function parseRoute(hash: string): Route {
  const [address, query] = hash.split('?');
  const [m = '', machineKey, p, projectId, kind, ...rest] = decode(address);
  if (isHome(m) && machineKey === undefined) return { name: m };
  if (m === 'connection' && p === undefined) return machineKey ? { name: m, machineKey } : { name: m };
  if (m !== 'm' || p !== 'p' || !machineKey || !projectId) return { name: 'projects' };
  const place = { machineKey, projectId };
  if (kind === undefined || kind === '') return { name: 'sessions', ...place };
  if (kind === 'new') return { name: 'new', ...place };
  if (kind === 's' && rest[0]) return { name: 'session', ...place, agentSessionId: rest[0] };
  const path = rest.filter(Boolean).join('/');
  if (kind === 'files') return { name: kind, ...place, path };
  if (kind === 'file') {
    const line = Number(/^line=(\d{1,7})$/.exec(query ?? '')?.[1]);
    return line ? { name: kind, ...place, path, line } : { name: kind, ...place, path };
  }
  if (kind === 'commands') return rest[0] ? { name: kind, ...place, runId: rest[0] } : { name: kind, ...place };
  if (kind === 'git') {
    const view = rest[0] as GitView | undefined;
    if (!view || !GIT_VIEWS.includes(view)) return { name: 'git', ...place };
    return { name: 'git', ...place, view, ...(rest[1] && { id: rest[1], ...(view === 'turn' && rest[2] && { turn: rest[2] }) }) };
  }
  return { name: 'projects' };
}

const GIT_VIEWS: GitView[] = ['log', 'branches', 'commit', 'turn'];

function decode(hash: string): string[] {
  try {
    return hash.startsWith('#/') ? hash.slice(2).split('/').map(decodeURIComponent) : [];
  } catch {
    return []; // a percent sign that encodes nothing
  }
}

/** The screen that is shown. */
export class Router {
  route = $state.raw<Route>({ name: 'projects' });

  constructor() {
    this.route = parseRoute(location.hash);
    addEventListener('hashchange', () => (this.route = parseRoute(location.hash)));
  }

  /** Takes the present screen's place in the history. */
  replace(route: Route): void {
    history.replaceState(null, '', href(route));
    this.route = route;
  }
}
