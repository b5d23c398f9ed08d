// Names what failed and what was skipped, with the reason, then sums the results of all suites and ends with the line `N passed, N failed[, N skipped]`:
// who sees only the end of a long log sees what is wrong.
// usage: node totals.mjs DIR NAME…   DIR holds NAME.xml (xunit), NAME.json (vitest or Playwright) and NAME.exit (the suite's exit code)
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [directory, ...expected] = process.argv.slice(2);
const REMARK_LINES = 12;
const lines = [];
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

const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const plain = (text) => text.replace(/<!\[CDATA\[|\]\]>/g, '').replace(/&#x([0-9A-F]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
  .replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => entities[name]).replace(/\u001b\[[0-9;]*m/g, '').trim();

// [test, what it says] of each test that failed or was skipped.
function xunitRemarks(xml) {
  return [...xml.matchAll(/<test ([^>]*result="(?:Fail|Skip)"[^>]*)>([\s\S]*?)<\/test>/g)].map(([, attributes, body]) => [
    `${/result="Skip"/.test(attributes) ? 'skipped' : 'FAILED'} ${plain(/ ?\bname="([^"]*)"/.exec(attributes)?.[1] ?? '?')}`,
    plain(/<(?:message|reason)>([\s\S]*?)<\/(?:message|reason)>/.exec(body)?.[1] ?? ''),
  ]);
}

function vitestRemarks(report) {
  return report.testResults.flatMap((file) => file.assertionResults)
    .filter((test) => test.status === 'failed')
    .map((test) => [`FAILED ${test.fullName}`, plain(test.failureMessages[0] ?? '')]);
}

function playwrightRemarks(suite) {
  const own = (suite.specs ?? []).flatMap((spec) => spec.tests.map((test) => ({ spec, test }))).filter(({ test }) => test.status !== 'expected')
    .map(({ spec, test }) => test.status === 'skipped'
      ? [`skipped ${spec.title}`, test.annotations.find((annotation) => annotation.type === 'skip')?.description ?? '']
      : [`FAILED ${spec.file}:${spec.line} ${spec.title}`, plain(test.results.at(-1)?.error?.message ?? '')]);
  return [...own, ...(suite.suites ?? []).flatMap(playwrightRemarks)];
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
  let remarks = [];
  try {
    if (existsSync(xmlFile)) {
      const xml = readFileSync(xmlFile, 'utf8');
      sum = xunit(xml);
      remarks = xunitRemarks(xml);
    }
    if (existsSync(jsonFile)) {
      const report = JSON.parse(readFileSync(jsonFile, 'utf8'));
      sum = json(report);
      remarks = report.stats ? playwrightRemarks(report) : vitestRemarks(report);
    }
  } catch (error) {
    console.log(`${name}: its report cannot be read: ${error.message}`);
  }
  // A suite that broke off counts, even when no test of it was counted.
  if (exit !== 0 && sum.failed === 0) sum.failed = 1;
  // A check without a report of its own is one test.
  if (exit === 0 && sum.passed + sum.skipped === 0) sum.passed = 1;
  // A suite that broke off has named nothing: its last lines say why.
  if (exit !== 0 && !remarks.some(([test]) => test.startsWith('FAILED'))) {
    const log = join(directory, `${name}.log`);
    remarks.push([`FAILED, exit code ${existsSync(exitFile) ? exit : 'unknown'}`, existsSync(log) ? plain(readFileSync(log, 'utf8')).split('\n').slice(-REMARK_LINES).join('\n') : '']);
  }
  for (const [test, says] of remarks) console.log(`${name}: ${test}\n${says.split('\n').slice(0, REMARK_LINES).map((line) => `    ${line}`).join('\n')}`);
  lines.push(`${name.padEnd(16)} ${sum.passed} passed, ${sum.failed} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`);
  for (const key of Object.keys(total)) total[key] += sum[key];
}

console.log(`\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed ? 1 : 0);
