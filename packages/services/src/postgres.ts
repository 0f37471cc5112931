import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { copyWhole } from "./copy-whole.ts";
import { freePort } from "./free-port.ts";
import type { Guard } from "./guard.ts";
import { postgresFolder } from "./programs.mjs";
import { logTo, type Server, untilServing } from "./server.ts";

export interface RunningPostgres {
  server: Server;
  databaseUrl: string;
}

const DATABASE = "drc";
const CLUSTER = "cluster";
/** Where files go that root's Postgres, which has to run as another user, can reach. */
const SHARED_FOLDER = "/var/tmp";

interface Account {
  uid?: number;
  gid?: number;
}

/** PostgreSQL, listening on loopback alone, on the port or any free one. It refuses to run as root: then it runs as another user. */
export async function startPostgres(
  guard: Guard,
  folder: string,
  logFile: string,
  password: string,
  log: (line: string) => void,
  port?: number,
): Promise<RunningPostgres> {
  const account: Account = process.getuid?.() === 0 ? await unprivilegedAccount() : {};
  const place = placeFor(folder, account, log);
  const native = await programsFor(account);
  await mkdir(place, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined) await chown(place, account.uid, account.gid as number);
  const data = join(place, CLUSTER);
  if (!existsSync(data)) await initialise(native, place, password, account);
  const ownPort = port ?? (await freePort());
  const args = ["-D", data, "-h", "127.0.0.1", "-p", String(ownPort), "-k", ""];
  const child = guard.start(join(native, "bin", "postgres"), args, { ...account, stopSignal: "INT", cwd: data });
  const server: Server = { name: "PostgreSQL", child, logFile, stopSignal: "SIGINT" };
  logTo(child, logFile);
  const url = (database: string) => `postgresql://postgres:${password}@127.0.0.1:${ownPort}/${database}`;
  await untilServing(server, () => createDatabase(url("postgres")));
  return { server, databaseUrl: url(DATABASE) };
}

/** `postgres` where the system has that user, else `nobody`. */
async function unprivilegedAccount(): Promise<Required<Account>> {
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const user = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody");
  if (!user) throw new Error("PostgreSQL cannot run as root, and there is no user postgres or nobody: make one.");
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

function canEnter(folder: string, account: Account): boolean {
  return spawnSync("/bin/sh", ["-c", 'cd "$1"', "sh", folder], account).status === 0;
}

/** The data's place: in the data folder, unless its user cannot get there. */
function placeFor(folder: string, account: Account, log: (line: string) => void): string {
  if (account.uid === undefined || canEnter(join(folder, ".."), account)) return folder;
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  const place = join(SHARED_FOLDER, `drc-postgres-${name}`);
  log(`PostgreSQL cannot run as root and its user cannot enter ${folder}: its data is in ${place}.`);
  return place;
}

/** Where the programs are, copied where their user cannot get to the checkout. */
async function programsFor(account: Account): Promise<string> {
  const native = postgresFolder();
  if (account.uid === undefined || canEnter(native, account)) return native;
  const name = createHash("sha256").update(native).digest("hex").slice(0, 16);
  const copy = join(SHARED_FOLDER, `drc-postgres-copy-${name}`);
  await copyWhole(native, copy);
  return copy;
}

/** Made beside and renamed at the end, so that an interrupted start leaves no half of it. */
async function initialise(native: string, place: string, password: string, account: Account): Promise<void> {
  const passwordFile = join(place, "password");
  const cluster = join(place, `${CLUSTER}.part`);
  await rm(cluster, { recursive: true, force: true });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account.uid !== undefined) await chown(passwordFile, account.uid, account.gid as number);
  const args = ["-D", cluster, "-U", "postgres", "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "-E", "UTF8"];
  const made = spawnSync(join(native, "bin", "initdb"), [...args, "--locale=C"], { ...account, encoding: "utf8" });
  await rm(passwordFile, { force: true });
  if (made.status !== 0) throw new Error(`PostgreSQL's initdb failed: ${made.error?.message ?? made.stderr.trim()}`);
  await rename(cluster, join(place, CLUSTER));
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end().catch(() => {});
  }
}
