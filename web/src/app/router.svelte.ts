/** The screens that belong to no project. */
const HOMES = ['projects', 'inbox', 'settings', 'devices', 'licence', 'begin'] as const;
export type Home = (typeof HOMES)[number];
const isHome = (name: string): name is Home => HOMES.includes(name as Home);

export type Route =
  | { name: 'connection'; machineKey?: string }
  | { name: Home }
  | { name: 'sessions' | 'new'; machineKey: string; projectId: string }
  | { name: 'session'; machineKey: string; projectId: string; agentSessionId: string }
  | { name: 'files' | 'file'; machineKey: string; projectId: string; path: string };

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
    default:
      return `${project}/${route.name}/${route.path.split('/').map(encodeURIComponent).join('/')}`;
  }
}

/** The screen of an address; anything unknown leads home. */
export function parseRoute(hash: string): Route {
  const [m = '', machineKey, p, projectId, kind, ...rest] = decode(hash);
  if (isHome(m) && machineKey === undefined) return { name: m };
  if (m === 'connection' && p === undefined) return machineKey ? { name: m, machineKey } : { name: m };
  if (m !== 'm' || p !== 'p' || !machineKey || !projectId) return { name: 'projects' };
  const place = { machineKey, projectId };
  if (kind === undefined || kind === '') return { name: 'sessions', ...place };
  if (kind === 'new') return { name: 'new', ...place };
  if (kind === 's' && rest[0]) return { name: 'session', ...place, agentSessionId: rest[0] };
  if (kind === 'files' || kind === 'file') return { name: kind, ...place, path: rest.filter(Boolean).join('/') };
  return { name: 'projects' };
}

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
