import { href } from '../app/router.svelte';
import type { Place } from '../conversation/conversation.svelte';

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
export const join = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`);
export const isWithin = (path: string, directory: string): boolean => path === directory || directory === '' || path.startsWith(`${directory}/`);

/** The directories above it, the root first. */
export function ancestors(path: string): string[] {
  const parts = path === '' ? [] : path.split('/').slice(0, -1);
  return ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
}

export const fileLink = ({ machineKey, projectId }: Place, path: string, line?: number): string => href({ name: 'file', machineKey, projectId, path, line });
export const folderLink = ({ machineKey, projectId }: Place, path: string): string => href({ name: 'files', machineKey, projectId, path });
