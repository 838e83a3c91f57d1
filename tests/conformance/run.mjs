// Runs the conformance suite and holds what comes out against expected.txt:
//
//   node run.mjs SUITE_FOLDER BUILT_FOLDER
//
// Fails when something fails that is not on the list, when something on the list passes, and when a scenario was
// not run. A check that warns counts as failed, and so does a scenario of which no check passed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bridge } from './bridge.mjs';

const [suite, built] = process.argv.slice(2);
const REVISIONS = ['2025-11-25', '2026-07-28'];
const SERVERS = {
  fixtures: { path: join(built, 'examples/conformance_server') },
  // What needs none of the suite's fixtures.
  'aws-mcp': {
    path: join(built, 'aws-mcp'),
    scenarios: {
      '2025-11-25': ['server-initialize', 'ping', 'tools-list'],
      '2026-07-28': ['server-stateless', 'tools-list', 'input-required-result-unsupported-methods'],
    },
  },
};
// On an idle machine all of it takes fifteen seconds, and the longest scenario five.
const MOST_SECONDS = 150;
const MOST_MS_PER_SCENARIO = '20000';
const program = join(suite, 'dist/index.js');
const folder = mkdtempSync(join(tmpdir(), 'aws-mcp-conformance-'));

// The server scenarios of a revision, and whether each is scored. The suite's files are as regular as this needs.
function required(revision) {
  const text = readFileSync(join(suite, `requirements/${revision}.yaml`), 'utf8');
  const scored = /^server:\n((?: {2}- .*\n)+)/m.exec(text)[1].match(/[^\s-].*/g);
  const not = [...text.matchAll(/^ {2}- scenario: (.*)\n {4}leg: server$/gm)].map((found) => found[1]);
  return new Map([...scored.map((name) => [name, true]), ...not.map((name) => [name, false])]);
}

function expected() {
  const entries = [];
  for (const line of readFileSync(new URL('expected.txt', import.meta.url), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [server, revision, what, ...reason] = line.split(/ +/);
    if (reason.length === 0) throw new Error(`expected.txt: no reason: ${line}`);
    const [scenario, check] = what.split(':');
    entries.push({ server, revision, scenario, check, line });
  }
  return entries;
}

function run(args, deadline) {
  return new Promise((resolve, reject) => {
    const runner = spawn(process.execPath, [program, 'server', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    const timer = setTimeout(() => {
      runner.kill('SIGKILL');
      faults.push(`not done after ${MOST_SECONDS} s: ${args.join(' ')}`);
    }, deadline - Date.now());
    runner.once('error', reject);
    // Its own verdict knows nothing of the list; the results do.
    runner.once('close', () => resolve(clearTimeout(timer)));
  });
}

// Scenario -> its checks, as the suite has written them.
function results(output) {
  const found = new Map();
  if (!existsSync(output)) return found;
  for (const name of readdirSync(output)) {
    const scenario = /^server-(.*?)-\d{4}-\d{2}-\d{2}T/.exec(name)[1];
    found.set(scenario, JSON.parse(readFileSync(join(output, name, 'checks.json'), 'utf8')));
  }
  return found;
}

const entries = expected();
const cells = new Map();
const faults = [];

function judge(server, revision, scenario, checks) {
  const where = `${server} ${revision} ${scenario}`;
  if (!checks) {
    faults.push(`${where}: not run`);
    return 'NOT RUN';
  }
  const passed = checks.filter((check) => check.status === 'SUCCESS');
  const failed = checks.filter((check) => ['FAILURE', 'WARNING'].includes(check.status));
  if (failed.length === 0 && !passed.some((check) => !check.id.startsWith('wire-schema'))) {
    failed.push({ id: 'none', errorMessage: 'no check passed' });
  }
  const listed = entries.filter(
    (entry) => entry.server === server && entry.revision === revision && entry.scenario === scenario,
  );
  const excuses = (entry, check) => entry.check === undefined || entry.check === check.id;
  const bad = failed.filter((check) => !listed.some((entry) => excuses(entry, check)));
  const stale = listed.filter((entry) => !failed.some((check) => excuses(entry, check)));
  for (const check of bad) faults.push(`${where}:${check.id}: ${check.errorMessage ?? check.description}`);
  for (const entry of stale) faults.push(`passes, but is on the list: ${entry.line}`);
  if (bad.length + stale.length > 0) return 'FAILED';
  if (listed.length === 0) return `${passed.length} passed`;
  return listed.some((entry) => entry.check === undefined) ? 'listed' : `${passed.length} passed, ${failed.length} listed`;
}

async function main() {
  const deadline = Date.now() + MOST_SECONDS * 1_000;
  for (const [server, { path, scenarios }] of Object.entries(SERVERS)) {
    for (const revision of REVISIONS) {
      const output = join(folder, server, revision);
      // No file of the person who runs this is read.
      const { url, end } = await bridge(path, { HOME: folder, PATH: process.env.PATH, LOG_LEVEL: 'warn' });
      const common = ['--url', url, '--output-dir', output, '--timeout', MOST_MS_PER_SCENARIO];
      try {
        if (!scenarios) await run(['--requirements', revision, ...common], deadline);
        for (const scenario of scenarios?.[revision] ?? []) {
          await run(['--scenario', scenario, '--spec-version', revision, ...common], deadline);
        }
      } finally {
        faults.push(...(await end()).map((fault) => `${server} ${revision}: ${fault}`));
      }
      const found = results(output);
      for (const scenario of scenarios?.[revision] ?? required(revision).keys()) {
        cells.set(`${scenario} ${server} ${revision}`, judge(server, revision, scenario, found.get(scenario)));
      }
    }
  }
  for (const entry of entries) {
    if (!cells.has(`${entry.scenario} ${entry.server} ${entry.revision}`)) {
      faults.push(`on the list, but no scenario: ${entry.line}`);
    }
  }
}

function show() {
  const scored = new Map();
  for (const revision of REVISIONS) {
    for (const [name, counts] of required(revision)) scored.set(name, scored.get(name) || counts);
  }
  const columns = Object.keys(SERVERS).flatMap((server) => REVISIONS.map((revision) => `${server} ${revision}`));
  const row = (name, values) => console.log([name.padEnd(46), ...values.map((v) => v.padEnd(22))].join('').trimEnd());
  row('', columns);
  for (const [name, counts] of scored) {
    row(counts ? name : `${name} *`, columns.map((column) => cells.get(`${name} ${column}`) ?? '-'));
  }
  console.log('* not scored by the suite; listed: tests/conformance/expected.txt says why');
}

try {
  await main();
  show();
} catch (error) {
  faults.push(`${error.message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const fault of new Set(faults)) console.error(`conformance: ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
