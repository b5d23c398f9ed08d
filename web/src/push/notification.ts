import { dangerOf } from '../conversation/prompts/danger';
import type { PushNotice } from '../protocol.gen';
import { text } from '../ui/text';
import { visible, visibleLine } from '../ui/visible';

/** More does not show in a notification, and nobody allows what they cannot read. */
const READABLE = 240;
/** Fields that only explain the others, in the agent's words. */
const BESIDE = new Set(['description', 'timeout']);

export interface Shown {
  title: string;
  options: NotificationOptions & { actions?: { action: string; title: string }[]; renotify?: boolean; timestamp?: number };
}

/** What the notification of a notice looks like. It can be allowed there only when all that is asked can be read there and nothing speaks against a tap. */
export function notificationOf(notice: PushNotice, allowThere: boolean): Shown {
  const asked = notice.kind === 'needs_you' && notice.promptId !== undefined && notice.toolName !== undefined ? readable(notice.input) : undefined;
  const harmless = asked !== undefined && dangerOf(notice.toolName!, notice.input, notice.root) === undefined;
  const deny = { action: 'deny', title: text.prompt.deny };
  return {
    title: visibleLine(notice.title),
    options: {
      body: asked ?? visible(notice.body),
      tag: notice.tag,
      icon: '/icon-192.png',
      data: notice,
      renotify: true,
      requireInteraction: notice.kind === 'needs_you',
      ...(notice.toolName !== undefined && { actions: harmless && allowThere ? [{ action: 'allow', title: text.prompt.allow }, deny] : [deny] }),
    },
  };
}

/** The whole input in a few lines; undefined when it does not fit. */
function readable(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  const fields = Object.entries(input).filter(([name]) => !BESIDE.has(name));
  if (fields.length === 0 || fields.some(([, value]) => !['string', 'number', 'boolean'].includes(typeof value))) return undefined;
  const shown = fields.length === 1 ? visible(String(fields[0][1])) : fields.map(([name, value]) => `${visibleLine(name)}: ${visible(String(value))}`).join('\n');
  return shown.length <= READABLE && shown.split('\n').length <= 4 ? shown : undefined;
}

/** The screen that a notification leads to. */
export function addressOf({ machineKey, projectId, agentSessionId }: PushNotice): string {
  return projectId && agentSessionId ? `#/m/${encodeURIComponent(machineKey)}/p/${encodeURIComponent(projectId)}/s/${encodeURIComponent(agentSessionId)}` : '#/inbox';
}
