/**
 * A kubeconfig as kubectl reads it: one file or several that are merged, of which the first that names something has it. Knows of
 * every entry which file it is from, because paths in it are meant from there. What is read holds keys: no message quotes it.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { SpillwayError } from '../errors.ts';

export type Fields = Record<string, unknown>;

/** One entry, and what its relative paths are meant from. */
export interface Entry {
  fields: Fields;
  file: string;
}

export interface Context {
  name: string;
  cluster: Entry;
  /** Empty where the context names none. */
  user: Entry;
  namespace: string | undefined;
}

/**
 * @param files in order; of several those that are not there are left out
 * @param name of the context; the current one by default
 * @throws SpillwayError FILE_UNREADABLE, CONFIG_INVALID
 */
export function contextOf(files: readonly string[], name?: string): Context {
  const configs = readAll(files);
  const wanted = name ?? configs.map(({ fields }) => textOf(fields['current-context'])).find(Boolean) ?? '';
  const { fields: context } = entryOf(configs, 'contexts', wanted);
  const user = textOf(context['user']);
  return {
    name: wanted,
    cluster: entryOf(configs, 'clusters', textOf(context['cluster']) ?? ''),
    user: user === undefined ? { fields: {}, file: configs[0]!.file } : entryOf(configs, 'users', user),
    namespace: textOf(context['namespace']),
  };
}

/** The inline form wins over the file, as in kubectl. */
export function pemOf({ fields, file }: Entry, key: string): string | undefined {
  const inline = textOf(fields[`${key}-data`]);
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString();
  const named = textOf(fields[key]);
  return named === undefined ? undefined : readText(besideOf(file, named));
}

/** A path of an entry as a path of this process. */
export const besideOf = (file: string, path: string) => resolve(dirname(resolve(file)), path);

/** @throws SpillwayError FILE_UNREADABLE */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SpillwayError('FILE_UNREADABLE', `${file} cannot be read.`, { cause });
  }
}

/** Undefined for what is no text, and for an empty one. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function readAll(files: readonly string[]): Entry[] {
  const found = files.flatMap(file => {
    try {
      return [{ fields: fieldsOf(parsed(file)), file }];
    } catch (error) {
      const { cause } = error as { cause?: { code?: string } };
      if (files.length > 1 && cause?.code === 'ENOENT') return [];
      throw error;
    }
  });
  if (found.length > 0) return found;
  throw new SpillwayError('FILE_UNREADABLE', `None of ${files.join(', ')} is there.`);
}

function parsed(file: string): unknown {
  const text = readText(file);
  try {
    return parse(text);
  } catch {
    // What the parser says quotes the text, which holds keys.
    throw new SpillwayError('CONFIG_INVALID', `${file} is not YAML.`);
  }
}

function entryOf(configs: readonly Entry[], list: 'contexts' | 'clusters' | 'users', name: string): Entry {
  for (const { fields, file } of configs) {
    const entries = Array.isArray(fields[list]) ? (fields[list] as unknown[]).map(fieldsOf) : [];
    const found = entries.find(entry => entry['name'] === name);
    if (found) return { fields: fieldsOf(found[list.slice(0, -1)]), file };
  }
  const where = configs.map(({ file }) => file).join(', ');
  throw new SpillwayError('CONFIG_INVALID', `${where} has nothing named "${name}" in ${list}.`);
}
