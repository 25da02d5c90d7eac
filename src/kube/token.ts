/** What proves to the API server who asks: a bearer token, wherever it comes from. It is never shown. */
export interface Token {
  /** Asked for every call: that of a pod changes in its file, and that of a program expires. */
  read(): string | Promise<string>;
  /** The API server did not take it. */
  refused?(token: string): void;
}

/** What a program that gives tokens is started with. */
export type Environment = Readonly<Record<string, string | undefined>>;
