/**
 * Takes secrets out of text that an endpoint sent: some echo the key or the whole request in their errors. Applied to
 * errors and answers before they are cut to length, so that no piece of a key is left at the edge.
 */

const MASK = '[redacted]';
/** Shorter ones are placeholders of local endpoints ("none", "ollama") and would mangle ordinary text. */
const LENGTH_MIN = 8;
const LOOKS_LIKE_A_KEY = /\b(?:sk|pk|key)-[\w-]{8,}|\bBearer\s+[\w.~+/=-]{8,}/g;

/** A function that hides these secrets, also where they were encoded for a URL or for JSON. */
export function makeRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set(
    secrets
      .filter(secret => secret.length >= LENGTH_MIN)
      .flatMap(secret => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]),
  );
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return text => {
    let clean = text;
    for (const form of longestFirst) if (clean.includes(form)) clean = clean.replaceAll(form, MASK);
    return clean;
  };
}

/** For text that is no answer of the model: hides everything that looks like a key, too, at the price of false alarms. */
export function hideKeys(text: string): string {
  return text.replace(LOOKS_LIKE_A_KEY, MASK);
}
