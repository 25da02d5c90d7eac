/**
 * The notices of the packages that are bundled into the command: their licences ask that the text goes along. Taken from
 * what the bundler really used, not from the manifest, so that none is missed and none is named in vain.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OutputChunk } from 'rolldown';

interface BundledPackage {
  name: string;
  version: string;
  licence: string;
  text: string;
}

/** @throws Error when a package has no licence file: then a person must look */
export function bundledPackages(chunks: readonly OutputChunk[]): BundledPackage[] {
  const folders = chunks
    .flatMap(({ moduleIds }) => moduleIds)
    .map(id => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id.replaceAll('\\', '/'))?.[0])
    .filter(folder => folder !== undefined);
  return [...new Set(folders)]
    .map(readPackage)
    .sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

function readPackage(folder: string): BundledPackage {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter(file => /^(licen[cs]e|notice)/i.test(file));
  const text = files.map(file => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n') || inReadme(folder);
  if (text === undefined) throw new Error(`${name} is bundled but has no licence file in ${folder}`);
  return { name, version, licence: license, text };
}

/** Some packages have the text as the last chapter of their README; only one that names its holder will do. */
function inReadme(folder: string): string | undefined {
  const readme = readdirSync(folder).find(file => /^readme/i.test(file));
  const text = readme && readFileSync(join(folder, readme), 'utf8');
  const chapter = text && /^#+ licen[cs]e\s*$([\s\S]*)/im.exec(text)?.[1]?.trim();
  return chapter && /copyright/i.test(chapter) && chapter.length > 500 ? chapter : undefined;
}

export function licenceText(packages: readonly BundledPackage[]): string {
  const list = packages.map(({ name, version, licence }) => `${name} ${version}  ${licence}`).join('\n');
  const texts = packages.map(({ name, version, text }) => `${'-'.repeat(80)}\n${name} ${version}\n\n${text}\n`);
  return `The command spillway contains code of these packages:\n\n${list}\n\n${texts.join('\n')}`;
}
