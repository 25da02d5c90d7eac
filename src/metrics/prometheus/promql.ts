/**
 * Selectors of PromQL from names and values that somebody typed: a value can hold anything and stays a value, a label's name is
 * checked, because there is no way to quote it.
 */

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export type Labels = Readonly<Record<string, string>>;

/**
 * `metric{label="value",…}`, with further matchers as they are written in PromQL.
 * @throws RangeError for a name that PromQL does not allow
 */
export function selector(metric: string, labels: Labels, ...matchers: readonly string[]): string {
  const equal = Object.entries(labels).map(([name, value]) => {
    if (!LABEL.test(name)) throw new RangeError(`${JSON.stringify(name)} cannot be the name of a label`);
    return `${name}=${quoted(value)}`;
  });
  return `${metric}{${[...equal, ...matchers].join(',')}}`;
}

/** As in Go: a backslash before what would end the text, also control characters, which PromQL refuses as they are. */
function quoted(value: string): string {
  const escaped = value.replace(/[\\"]/g, '\\$&').replace(/\p{Cc}/gu, char => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
