import { type DestinationStream, type Logger, pino } from "pino";

/** Members of what is logged that may hold a secret, wherever they stand. */
const SECRETS = ["authorization", "cookie", '["set-cookie"]', '["x-csrf-token"]', "key", "secret", "csrfToken"];
/** How deep a secret is looked for: `res.headers.cookie` is the third level. */
const DEPTH = 4;
/** A key that stands in a text, such as an address. */
const KEY = /drc_[\w-]{20,}/g;

/** The server's log. No key, cookie or token ever stands in it. */
export function createLog(level: string, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      redact: { paths: Array.from({ length: DEPTH }, (_, depth) => SECRETS.map((name) => pathTo(name, depth))).flat() },
      hooks: { streamWrite: (line) => line.replace(KEY, "drc_[Redacted]") },
    },
    destination,
  );
}

function pathTo(name: string, depth: number): string {
  const parents = Array(depth).fill("*").join(".");
  if (parents === "") return name;
  return name.startsWith("[") ? `${parents}${name}` : `${parents}.${name}`;
}
