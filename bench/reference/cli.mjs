#!/usr/bin/env node
// node cli.mjs status: asks the control endpoint at CONTROL.
import { Command } from 'commander';

const program = new Command('reference').description('The same commands in Node.').version('1.0.0');
// Only for the help, which has to be as long.
for (const name of ['up', 'pair', 'add', 'remove', 'projects', 'devices', 'logs', 'doctor', 'stop', 'relay', 'login', 'logout', 'start']) {
  program.command(name).description(`What ${name} does.`);
}
program.command('status').description('Show whether the daemon runs.').action(async () => {
  const status = await (await fetch(`${process.env.CONTROL}/status`)).json();
  console.log(status.connected ? 'The daemon runs and is connected.' : 'The daemon runs.');
  process.exit();
});
await program.parseAsync();
