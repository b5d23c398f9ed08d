// The real Claude Code with a scripted model, for the rows that need it.
import { existsSync } from 'node:fs';
import { launch } from './processes.mjs';
import { temporary } from './system.mjs';

const root = (path) => new URL(`../${path}`, import.meta.url).pathname;
const model = process.env.FAKE_ANTHROPIC ?? root('artifacts/bin/FakeAnthropic/debug/PocketCoder.FakeAnthropic');
const claude = [process.env.CLAUDE, process.env.POCKETCODER_TEST_CLAUDE, root('artifacts/claude/node_modules/.bin/claude')].find((path) => path && existsSync(path));

/** The model, and the environment in which Claude Code asks it. ./test installs and builds both. */
export async function scripted() {
  if (!claude || !existsSync(model)) throw new Error('it needs Claude Code (CLAUDE) and the scripted model (FAKE_ANTHROPIC); ./test brings both');
  const running = await launch(model, ['--port', '0']);
  return {
    stop: () => running.stop(),
    env: {
      POCKETCODER_CLAUDE: claude,
      ANTHROPIC_BASE_URL: JSON.parse(running.line).listening,
      ANTHROPIC_API_KEY: 'not-a-real-key',
      CLAUDE_CONFIG_DIR: temporary('claude'),
      DISABLE_TELEMETRY: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_ERROR_REPORTING: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    },
  };
}
