const REMOVED = "[Redacted]";

/** Of the server's own API keys, which may stand in a text such as an address. */
const API_KEY = /drc_[\w-]{20,}/g;
/**
 * A password in an address: `scheme://user:password@host`. The scheme is left out: a search for letters before `://`
 * begins anew at each letter of a long text, and its time grows with the square of the length. Every `://` begins one try,
 * and no try goes past the next slash, so that all of them together read a text once.
 */
const ADDRESS_PASSWORD = /(:\/\/[^\s/:@"']*:)[^\s/@"']+@/g;
/** A shorter secret would blacken half of what is printed; it is removed from addresses alone. */
const SHORTEST = 6;

/** Takes secrets out of texts, whatever library made those. */
export type Censor = (text: string) => string;

/** @param secrets texts and addresses of which nothing may be printed; of an address, its password. */
export function createCensor(secrets: readonly (string | undefined)[]): Censor {
  const forms = new Set(
    secrets.flatMap(formsOf).flatMap((secret) => [secret, encodeURIComponent(secret), inJson(secret)]),
  );
  // A longer one first: it may contain a shorter one.
  const known = [...forms].filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length);
  return (text) => {
    let censored = text;
    for (const secret of known) censored = censored.replaceAll(secret, REMOVED);
    return censored.replace(ADDRESS_PASSWORD, `$1${REMOVED}@`).replace(API_KEY, `drc_${REMOVED}`);
  };
}

function formsOf(secret: string | undefined): string[] {
  if (secret === undefined) return [];
  const [, password] = /^[a-z][a-z\d+.-]*:\/\/[^/@]*?:([^/]*)@/i.exec(secret) ?? [];
  if (password === undefined) return secret.includes("://") ? [] : [secret];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** As it stands between the quotes of a JSON text. */
function inJson(secret: string): string {
  return JSON.stringify(secret).slice(1, -1);
}
