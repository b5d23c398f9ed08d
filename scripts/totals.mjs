// Sums the results of all suites and ends with the line `N passed, N failed[, N skipped]`.
// usage: node totals.mjs DIR NAME…   DIR holds NAME.xml (xunit), NAME.json (vitest or Playwright) and NAME.exit (the suite's exit code)
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [directory, ...expected] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

function xunit(xml) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const [tag] of xml.matchAll(/<assembly [^>]*>/g)) {
    for (const [key, attribute] of [['passed', 'passed'], ['failed', 'failed'], ['failed', 'errors'], ['skipped', 'skipped']]) {
      sum[key] += Number(new RegExp(` ${attribute}="(\\d+)"`).exec(tag)?.[1] ?? 0);
    }
  }
  return sum;
}

function json(report) {
  // vitest speaks Jest's dialect; Playwright has stats of its own.
  return report.stats
    ? { passed: report.stats.expected + report.stats.flaky, failed: report.stats.unexpected, skipped: report.stats.skipped }
    : { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests + report.numTodoTests };
}

for (const name of expected) {
  const [xmlFile, jsonFile, exitFile] = ['.xml', '.json', '.exit'].map((ending) => join(directory, name + ending));
  // A suite that was killed left no exit code.
  const exit = existsSync(exitFile) ? Number(readFileSync(exitFile, 'utf8')) : 1;
  let sum = { passed: 0, failed: 0, skipped: 0 };
  try {
    if (existsSync(xmlFile)) sum = xunit(readFileSync(xmlFile, 'utf8'));
    if (existsSync(jsonFile)) sum = json(JSON.parse(readFileSync(jsonFile, 'utf8')));
  } catch (error) {
    console.log(`${name}: its report cannot be read: ${error.message}`);
  }
  // A suite that broke off counts, even when no test of it was counted.
  if (exit !== 0 && sum.failed === 0) sum.failed = 1;
  // A check without a report of its own is one test.
  if (exit === 0 && sum.passed + sum.skipped === 0) sum.passed = 1;
  console.log(`${name.padEnd(16)} ${sum.passed} passed, ${sum.failed} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`);
  for (const key of Object.keys(total)) total[key] += sum[key];
}

console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed ? 1 : 0);
