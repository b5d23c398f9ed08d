// What is in the released files, as CycloneDX 1.6: the NuGet packages and runtime packs that were linked, what the web app bundles, SQLite.
// usage: node sbom.mjs ROOT VERSION > FILE   after `scripts/release` built; the same sources give the same bytes.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [root, version] = process.argv.slice(2);
const read = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'));

/** The licence that a package itself declares: an SPDX expression, or the address of its text. */
function nugetLicence(folders, path) {
  for (const folder of folders) {
    const spec = join(folder, path, `${path.split('/')[0]}.nuspec`);
    if (!existsSync(spec)) continue;
    const text = readFileSync(spec, 'utf8');
    const expression = /<license type="expression">([^<]+)</.exec(text)?.[1];
    const url = /<licenseUrl>([^<]+)</.exec(text)?.[1];
    if (expression) return [{ expression }];
    if (url) return [{ license: { name: 'as declared', url } }];
  }
  return undefined;
}

function nuget() {
  const assets = read('artifacts', 'obj', 'Cli', 'project.assets.json');
  const folders = Object.keys(assets.packageFolders);
  const packages = Object.entries(assets.libraries).filter(([, { type }]) => type === 'package').map(([key, { path, sha512 }]) => {
    const [name, packageVersion] = key.split('/');
    return {
      type: 'library', name, version: packageVersion, purl: `pkg:nuget/${name}@${packageVersion}`, licenses: nugetLicence(folders, path),
      hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512, 'base64').toString('hex') }],
    };
  });
  const { downloadDependencies } = assets.project.frameworks['net10.0'];
  const packs = (downloadDependencies ?? []).filter(({ name }) => /\.Runtime\./.test(name)).map(({ name, version: range }) => {
    const exact = /[\d.]+/.exec(range)[0];
    return { type: 'framework', name, version: exact, purl: `pkg:nuget/${name}@${exact}`, licenses: [{ expression: 'MIT' }] };
  });
  return [...packages, ...packs];
}

/** What the page is bundled from: the dependencies of web/package.json and theirs. What only builds it is not in it. */
function npm() {
  return Object.entries(read('web', 'package-lock.json').packages).filter(([path, { dev, optional }]) => path !== '' && !dev && !optional).map(([path, entry]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return { type: 'library', name, version: entry.version, purl: `pkg:npm/${name.replace('@', '%40')}@${entry.version}`, licenses: entry.license && [{ expression: entry.license }] };
  });
}

/** The static SQLite of the system, in the native executable. */
function sqlite() {
  const header = '/usr/include/sqlite3.h';
  if (!existsSync(header)) return [];
  const found = /SQLITE_VERSION\s+"([^"]+)"/.exec(readFileSync(header, 'utf8'))[1];
  return [{ type: 'library', name: 'sqlite', version: found, purl: `pkg:generic/sqlite@${found}`, licenses: [{ license: { id: 'blessing' } }] }];
}

const components = [...nuget(), ...npm(), ...sqlite()]
  .map((component) => ({ ...component, 'bom-ref': component.purl }))
  .sort((a, b) => (a.purl < b.purl ? -1 : 1));
const digest = createHash('sha256').update(version + JSON.stringify(components)).digest('hex');
const serial = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
const product = { type: 'application', name: 'pocketcoder', version, 'bom-ref': `pkg:generic/pocketcoder@${version}`, licenses: [{ license: { id: 'MIT' } }] };
process.stdout.write(`${JSON.stringify({
  bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${serial}`, version: 1,
  metadata: { timestamp: new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000).toISOString(), component: product },
  components,
}, null, 1)}\n`);
