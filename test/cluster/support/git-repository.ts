/** A repository of a test with the manifests of one team, as tools fetch it: from a folder, with Git itself. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Room } from '../../support/room.ts';
import type { KubeObject } from '../client/objects.ts';

export interface GitRepository {
  url: string;
  /** The manifests are these from now on. @returns the commit's id */
  commit(objects: readonly KubeObject[]): string;
}

export const BRANCH = 'main';

/** Nothing of whoever runs the tests: neither a name nor a hook. */
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'team',
  GIT_AUTHOR_EMAIL: 'team@shop.example',
  GIT_COMMITTER_NAME: 'team',
  GIT_COMMITTER_EMAIL: 'team@shop.example',
};

export function openRepository(room: Room): GitRepository {
  const folder = room.folder();
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, env, encoding: 'utf8' }).trim();
  git('init', '--quiet', `--initial-branch=${BRANCH}`);
  return {
    url: pathToFileURL(folder).href,
    commit(objects) {
      // One file with all: what is not in it any more is gone. JSON is YAML.
      const text = objects.map(object => `${JSON.stringify(object, null, 2)}\n`).join('---\n');
      writeFileSync(join(folder, 'all.yaml'), text);
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--message=change');
      return git('rev-parse', 'HEAD');
    },
  };
}
