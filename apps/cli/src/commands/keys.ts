import { type CreatedKeyResource, type KeyResource, SCOPES, type Scope } from "@drc/contracts";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { listed } from "../server/client.ts";
import { addServerOptions, connect, DEFAULT_DATA_FOLDER, type ServerOptions } from "../server/connection.ts";
import { readConnection } from "../server/connection-file.ts";
import { commandHint } from "../server/hint.ts";
import { formatTable } from "../terminal/table.ts";

interface Output extends ServerOptions {
  json?: true;
}

interface NewKey extends Output {
  scope: Scope;
  expires?: string;
  maxQueuedJobs?: number;
  maxStoredBytes?: number;
  maxRequestsPerMinute?: number;
}

/** `drc keys`: the API keys of a server; `create` and `revoke` below it. All need an admin key. */
export function registerKeys(program: Command): void {
  const keys = program.command("keys").description("list, create and revoke the API keys of a server");

  addServerOptions(keys.command("list", { isDefault: true }))
    .description("list the API keys, newest first")
    .option("--json", "print one JSON document")
    .action(async (options: Output) => {
      const client = await connect(options);
      const list = await listed(client.keys.list());
      process.stdout.write(options.json ? `${JSON.stringify({ keys: list })}\n` : `${formatKeys(list)}\n`);
    });

  addServerOptions(keys.command("create"))
    .description("make an API key, and show it this once")
    .argument("<name>", "what it is for, such as nightly")
    .addOption(
      new Option("--scope <scope>", "what it may do; each includes those before it").choices(SCOPES).default("submit"),
    )
    .option("--expires <when>", "in so many days or hours (30d, 12h), or a time such as 2030-01-31T12:00:00Z", expiry)
    .option("--max-queued-jobs <count>", "jobs of it that have not ended", wholeNumber)
    .option("--max-stored-bytes <bytes>", "of what it uploads", wholeNumber)
    .option("--max-requests-per-minute <count>", "in the place of the server's default", wholeNumber)
    .option("--json", "print the key as one JSON document")
    .action(async (name: string, options: NewKey) => {
      const client = await connect(options);
      const made = await client.keys.create({
        name,
        scopes: [options.scope],
        expiresAt: options.expires ?? null,
        limits: {
          queuedJobs: options.maxQueuedJobs ?? null,
          storedBytes: options.maxStoredBytes ?? null,
          requestsPerMinute: options.maxRequestsPerMinute ?? null,
        },
      });
      process.stdout.write(options.json ? `${JSON.stringify(made)}\n` : `${describeNewKey(made, options)}\n`);
    });

  keys
    .command("show")
    .description("print the API key that a server on this machine keeps for the command line, to sign in with it")
    .option("--data-folder <folder>", "data folder of a server on this machine", DEFAULT_DATA_FOLDER)
    .action(async ({ dataFolder }: Pick<Output, "dataFolder">) => {
      const found = await readConnection(dataFolder);
      if (found === undefined) {
        throw new CliError(
          `--data-folder: no server was started in ${dataFolder}; start one with "npx drc up", or give its data folder.`,
          EXIT.usage,
        );
      }
      process.stdout.write(`${found.key}\n`);
    });

  addServerOptions(keys.command("revoke"))
    .description("revoke an API key, and end its sessions, at once")
    .argument("<id>", "its identifier (key_…)")
    .option("--json", "print the key as one JSON document")
    .action(async (id: string, options: Output) => {
      const client = await connect(options);
      const revoked = await client.keys.revoke(id);
      process.stdout.write(options.json ? `${JSON.stringify(revoked)}\n` : `${id} (${revoked.name}) revoked.\n`);
    });
}

function describeNewKey({ id, key, expiresAt }: CreatedKeyResource, options: NewKey): string {
  const end = expiresAt === null ? "It never expires." : `It expires at ${expiresAt}.`;
  const revoke = commandHint(["keys", "revoke", id], options);
  return `API key: ${key}\nIt is shown this once. ${end} To revoke it: ${revoke}`;
}

function formatKeys(keys: readonly KeyResource[]): string {
  const columns = ["key", "begins with", "name", "scope", "state", "expires", "last used", "limits"];
  const rows = keys.map(({ id, hint, name, scopes, state, expiresAt, lastUsedAt, limits }) => [
    id,
    hint === null ? "–" : `drc_${hint}`,
    name,
    scopes.join(", "),
    state,
    expiresAt === null ? "never" : toMinute(expiresAt),
    lastUsedAt === null ? "never" : toMinute(lastUsedAt),
    describeLimits(limits),
  ]);
  return formatTable(
    columns.map((title) => ({ title })),
    rows,
  );
}

function describeLimits({ queuedJobs, storedBytes, requestsPerMinute }: KeyResource["limits"]): string {
  const parts = [
    queuedJobs === null ? "" : `${queuedJobs} jobs`,
    storedBytes === null ? "" : `${storedBytes} bytes`,
    requestsPerMinute === null ? "" : `${requestsPerMinute} requests/min`,
  ];
  return parts.filter(Boolean).join(", ") || "–";
}

function toMinute(time: string): string {
  return time.slice(0, 16).replace("T", " ");
}

/** From now on, or a time; as the API takes it. */
function expiry(given: string): string {
  const [, count, unit] = /^(\d+)([dh])$/.exec(given) ?? [];
  const ms =
    count === undefined ? Date.parse(given) : Date.now() + Number(count) * (unit === "d" ? 86_400_000 : 3_600_000);
  const isDate = count !== undefined || /^\d{4}-\d\d-\d\d/.test(given);
  if (!isDate || Number.isNaN(ms) || ms > 8.64e15 || ms <= Date.now()) {
    throw new InvalidArgumentError(
      "Give days or hours, such as 30d or 12h, or a time to come, such as 2030-01-31T12:00:00Z.",
    );
  }
  return new Date(ms).toISOString();
}

function wholeNumber(given: string): number {
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return value;
}
