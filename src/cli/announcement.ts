/**
 * How commands find the server of a data folder: it writes where it listens, and takes that away when it stops. Its own
 * file, so that a command which only asks does not load the server.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../controller/world.ts';

/** What `server.json` in the data folder says, so that commands find the server. */
export interface ServerFile {
  url: string;
  pid: number;
  /** Path of the file that holds the token, readable by the owner alone; absent when no token is needed. */
  tokenFile?: string;
}

const serverFile = (folder: string) => join(folder, 'server.json');

/** A full disk must not keep the server from serving: only commands that look for it in the folder miss the file. */
export function tryToAnnounce(folder: string, file: ServerFile, token: string | undefined, log: Log): void {
  try {
    announce(folder, file, token);
  } catch (error) {
    withdraw(folder);
    log.error({ url: file.url }, `commands must name this server with --server: ${(error as Error).message}`);
  }
}

function announce(folder: string, file: ServerFile, token: string | undefined): void {
  if (token !== undefined) {
    file.tokenFile = join(folder, 'token');
    writeFileSync(file.tokenFile, `${token}\n`, { mode: 0o600 });
  }
  writeFileSync(serverFile(folder), `${JSON.stringify(file, null, 2)}\n`);
}

export function withdraw(folder: string): void {
  rmSync(serverFile(folder), { force: true });
  rmSync(join(folder, 'token'), { force: true });
}

/** The server that announced itself in this folder; it may have died since. */
export function announcedServer(folder: string): (ServerFile & { token?: string }) | undefined {
  try {
    const file = JSON.parse(readFileSync(serverFile(folder), 'utf8')) as ServerFile;
    return file.tokenFile ? { ...file, token: readFileSync(file.tokenFile, 'utf8').trim() } : file;
  } catch {
    return undefined;
  }
}
