/** Why an approval takes more than a tap. */
export type Danger = 'deletes' | 'publishes' | 'forces' | 'outside' | 'root' | 'downloads' | 'hidden' | 'long';

/** A longer command cannot be judged in a blink, by no one. */
const LONG = 4_000;
/** Where the name of a program stands: at the beginning of a part, or after a word that runs what follows it. */
const PROGRAM = '(?:^|[;&|(`{!]|\\b(?:xargs|env|time|nohup|exec|command|builtin|nice|timeout|then|do|else|sudo|doas|busybox)\\b[^;&|]*?\\s)\\s*(?:\\w+=\\S*\\s+)*';
const command = (names: string): RegExp => new RegExp(`${PROGRAM}(?:[\\w./~-]*/)?(?:${names})(?=$|[\\s;&|)<>])`, 'i');

/** What a shell command does that cannot be taken back, the worst first. Quotes and backslashes are taken out before, for they hide nothing from a shell. */
const SIGNS: [Danger, RegExp][] = [
  ['downloads', /\|\s*(?:sudo\s+|env\s+)?(?:[\w./]*\/)?(?:ba|z|da|k|fi|a)?sh\b|\|\s*(?:sudo\s+)?(?:python[\d.]*|node|perl|ruby|php|pwsh)(?:\s*$|\s+-(?:\s|$)|\s*[;&|])/i],
  ['downloads', /\b(?:ba|z|da|k)?sh\b[^;&|]*(?:<\(|\$\(|`)\s*(?:curl|wget|fetch)\b|\b(?:eval|source|\.)\s+[^;&|]*(?:<\(|\$\(|`)\s*(?:curl|wget|fetch)\b|\biex\b|\binvoke-expression\b/i],
  ['root', command('sudo|doas|su|pkexec|runas|chown|setcap|visudo|passwd|insmod|modprobe|shutdown|reboot|systemctl|launchctl')],
  ['root', /\bchmod\b[^;&|]*(?:777|a\+w|o\+w|[ug]\+s|\b[246]7\d\d\b)/],
  ['deletes', command('rm|rmdir|unlink|shred|srm|truncate|dd|mkfs[\\w.]*|wipefs|fdisk|parted|del|erase|rd|remove-item|clear-content|rimraf|trash')],
  ['deletes', /\s-delete\b|\s--delete(?:-\w+)?\b|\s-exec(?:dir)?\s+rm\b/],
  ['deletes', /\bgit\b[^;&|]*\s(?:clean|filter-branch|filter-repo|prune|reflog\s+(?:expire|delete)|gc)\b|\bgit\b[^;&|]*\s(?:checkout|restore)\b[^;&|]*\s(?:--\s|\.(?:\s|$))|\bgit\b[^;&|]*\srestore\b/],
  ['deletes', /\bgit\b[^;&|]*\s(?:stash\s+(?:drop|clear)|branch\s+[^;&|]*(?:-D\b|--delete)|tag\s+[^;&|]*(?:-d\b|--delete)|worktree\s+remove|update-ref\s+-d)/],
  ['deletes', /\b(?:drop|truncate)\s+(?:table|database|schema|index|view)\b|\bdelete\s+from\b|\b(?:flushall|flushdb|dropdatabase)\b/i],
  ['deletes', /\b(?:docker|podman|kubectl|helm|terraform|pulumi|gcloud|aws|az|heroku|fly|gh)\b[^;&|]*\s(?:rm|rmi|prune|delete|destroy|uninstall|remove|down|terminate[\w-]*|rb)\b/],
  ['publishes', /\bgit\b[^;&|]*\s(?:push|send-email)\b|\b(?:npm|pnpm|yarn|bun|cargo|gem|poetry|twine|mvn|gradle|dotnet|nuget|docker|podman|helm|vsce|flutter|hex)\b[^;&|]*\s(?:publish|push|upload|deploy|unpublish|release)\b/],
  ['publishes', /\bgh\b[^;&|]*\s(?:pr\s+(?:create|merge|close)|release\s+create|repo\s+\w+|workflow\s+run|api\b[^;&|]*-X)|\b(?:terraform|pulumi|kubectl|ansible-playbook|serverless|vercel|netlify|wrangler|firebase|fly|heroku)\b[^;&|]*\s(?:apply|up|deploy|--prod|scale|set|create|patch|replace|rollout)\b/],
  ['publishes', command('ssh|scp|sftp|rsync|mail|sendmail|nc|ncat|telnet')],
  ['publishes', /\b(?:curl|wget|http|https)\b[^;&|]*\s(?:-d|--data[\w-]*|-F|--form|-T|--upload-file|--post-\w+|-X\s*(?:POST|PUT|PATCH|DELETE))(?=[\s=@]|$)/i],
  ['forces', /\s--force(?:-\w+)*\b|\s--hard\b|\s--no-verify\b|\s--yes-i-\w|\s--allow-unrelated\w*|\s--dangerously-\S+|\s--no-preserve-root\b|\s--skip-ssl\b|\s--insecure\b/],
  ['forces', /\bgit\b[^;&|]*\s(?:-f|push\s+[^;&|]*\s\+\S+)(?=\s|$)|\bgit\b[^;&|]*\s(?:rebase|commit\s+[^;&|]*--amend|config\s+--global)\b|\b(?:kill|pkill|killall)\b/],
];

/** Marks that change how text reads, or that show nothing. */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e01ef}]/u;
/** What everybody may write to. */
const HARMLESS = /^\/dev\/(?:null|stdout|stderr|stdin|tty|fd\/\d)$/;
const TELLING_NAME = /(?:^|[_\W])(?:delete|remove|drop|destroy|erase|purge)/i;
const SENDING_NAME = /(?:^|[_\W])(?:push|publish|merge|send|deploy|post|release|upload|transfer|pay)/i;
const PATHS = ['file_path', 'notebook_path', 'path'];

/**
 * What speaks against allowing this with a tap; undefined when nothing is known to. It reads what is asked, it does not understand it: a sign that is there is
 * a reason to look twice, one that is not there is no promise.
 * @param root the project's directory; without it every absolute path counts as outside.
 */
export function dangerOf(toolName: string, input: unknown, root?: string): Danger | undefined {
  const fields = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  if (anyText(input, (text) => INVISIBLE.test(text))) return 'hidden';
  if (typeof fields.command === 'string') return dangerOfCommand(fields.command, root);
  if (PATHS.some((name) => typeof fields[name] === 'string' && isOutside(fields[name] as string, root))) return 'outside';
  if (!toolName.startsWith('mcp__')) return undefined;
  return TELLING_NAME.test(toolName) ? 'deletes' : SENDING_NAME.test(toolName) ? 'publishes' : undefined;
}

function dangerOfCommand(source: string, root: string | undefined): Danger | undefined {
  if (source.length > LONG) return 'long';
  const plain = source.replace(/\\\r?\n/g, ' ').replace(/["'\\]/g, '').replace(/\$\{?IFS\}?/g, ' ').replace(/\n/g, ' ; ');
  const sign = SIGNS.find(([, pattern]) => pattern.test(plain));
  if (sign) return sign[0];
  return words(plain).some((word) => isOutside(word, root)) ? 'outside' : undefined;
}

/** The words of a command that could be paths; the program of each part may lie anywhere. */
function words(plain: string): string[] {
  return plain.replace(/\bhttps?:\/\/\S+/gi, ' ').split(/\|\||&&|[;|&\n]/).flatMap((part) => {
    const [program = '', ...rest] = part.trim().split(/[\s<>(){}`=:,]+/).filter(Boolean);
    if (/^\s*[<>]/.test(part)) return [program, ...rest];
    return (program === 'cd' || program === 'pushd') && rest.length === 0 ? ['~'] : rest;
  });
}

function isOutside(path: string, root: string | undefined): boolean {
  if (/^(?:~|\$HOME|\$\{HOME\}|%USERPROFILE%|[A-Za-z]:[\\/]|\\\\)/.test(path)) return !within(path, root);
  if (path.startsWith('/')) return !HARMLESS.test(path) && !within(path, root);
  let depth = 0;
  for (const part of path.split('/')) {
    depth += part === '..' ? -1 : part === '' || part === '.' ? 0 : 1;
    if (depth < 0) return true;
  }
  return false;
}

function within(path: string, root: string | undefined): boolean {
  if (!root || /(?:^|[\\/])\.\.(?:[\\/]|$)/.test(path)) return false;
  const base = root.replace(/[\\/]+$/, '');
  return path === base || path.startsWith(`${base}/`) || path.startsWith(`${base}\\`);
}

function anyText(value: unknown, fits: (text: string) => boolean, depth = 0): boolean {
  if (typeof value === 'string') return fits(value);
  if (typeof value !== 'object' || value === null || depth > 20) return false;
  return Object.entries(value).some(([name, inner]) => fits(name) || anyText(inner, fits, depth + 1));
}
