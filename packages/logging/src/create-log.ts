import { type DestinationStream, type Logger, pino } from "pino";
import { type Censor, createCensor } from "./censor.ts";

/** Members of what is logged that may hold a secret, wherever they stand. */
const SECRETS = ["authorization", "cookie", '["set-cookie"]', '["x-csrf-token"]', "key", "secret", "csrfToken"];
/** How deep a secret is looked for: `res.headers.cookie` is the third level. */
const DEPTH = 4;

/** A program's log, one JSON text a line. No key, cookie, token, password or known secret ever stands in it. */
export function createLog(level: string, destination: DestinationStream, censor: Censor = createCensor([])): Logger {
  return pino(
    {
      level,
      redact: { paths: Array.from({ length: DEPTH }, (_, depth) => SECRETS.map((name) => pathTo(name, depth))).flat() },
      hooks: { streamWrite: censor },
    },
    destination,
  );
}

function pathTo(name: string, depth: number): string {
  const parents = Array(depth).fill("*").join(".");
  if (parents === "") return name;
  return name.startsWith("[") ? `${parents}${name}` : `${parents}.${name}`;
}
