import { DEFAULT_DATA_FOLDER, type ServerOptions } from "./connection.ts";

/** A command to type next, with the options that lead it to the same server. */
export function commandHint(words: readonly string[], { url, key, dataFolder }: Partial<ServerOptions>): string {
  const server = [
    ...(url === undefined ? [] : ["--url", url]),
    // The key itself has no place on a screen.
    ...(key === undefined ? [] : ["--key", "KEY"]),
    ...(dataFolder === undefined || dataFolder === DEFAULT_DATA_FOLDER ? [] : ["--data-folder", dataFolder]),
  ];
  return ["npx", "drc", ...[...words, ...server].map(quoted)].join(" ");
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
