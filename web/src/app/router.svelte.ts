/** The parts of a project's git. */
export type GitView = 'changes' | 'log' | 'branches' | 'commit' | 'turn';

export type Route =
  | { name: 'projects' }
  | { name: 'sessions' | 'new'; machineKey: string; projectId: string }
  | { name: 'session'; machineKey: string; projectId: string; agentSessionId: string }
  | { name: 'files' | 'file'; machineKey: string; projectId: string; path: string }
  | { name: 'git'; machineKey: string; projectId: string; view?: GitView; id?: string };

/** The address of a screen. Hash routes, because the relay answers only for files that exist. */
export function href(route: Route): string {
  if (route.name === 'projects') return '#/';
  const project = `#/m/${encodeURIComponent(route.machineKey)}/p/${encodeURIComponent(route.projectId)}`;
  switch (route.name) {
    case 'sessions':
      return project;
    case 'new':
      return `${project}/new`;
    case 'session':
      return `${project}/s/${encodeURIComponent(route.agentSessionId)}`;
    case 'git':
      return [`${project}/git`, ...(route.view && route.view !== 'changes' ? [route.view, ...(route.id ? [encodeURIComponent(route.id)] : [])] : [])].join('/');
    default:
      return `${project}/${route.name}/${route.path.split('/').map(encodeURIComponent).join('/')}`;
  }
}

/** The screen of an address; anything unknown leads home. */
export function parseRoute(hash: string): Route {
  const [m, machineKey, p, projectId, kind, ...rest] = decode(hash);
  if (m !== 'm' || p !== 'p' || !machineKey || !projectId) return { name: 'projects' };
  const place = { machineKey, projectId };
  if (kind === undefined || kind === '') return { name: 'sessions', ...place };
  if (kind === 'new') return { name: 'new', ...place };
  if (kind === 's' && rest[0]) return { name: 'session', ...place, agentSessionId: rest[0] };
  if (kind === 'files' || kind === 'file') return { name: kind, ...place, path: rest.filter(Boolean).join('/') };
  if (kind === 'git') {
    const view = rest[0] as GitView | undefined;
    return view && GIT_VIEWS.includes(view) ? { name: 'git', ...place, view, ...(rest[1] ? { id: rest[1] } : {}) } : { name: 'git', ...place };
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
