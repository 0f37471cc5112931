import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type TestServices, useServices } from "../../../test/services.ts";
import { migrate } from "./migrate.ts";

let services: TestServices;
let client: pg.Client;
let folder: string;

beforeAll(async () => {
  services = await useServices();
  client = new pg.Client({ connectionString: services.databaseUrl });
  await client.connect();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drc-migrations-"));
});
afterAll(async () => {
  await client.end();
  await services.stop();
});

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, "migration.sql"), sql);
}

async function tables(prefix: string): Promise<string[]> {
  const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE tablename LIKE $1 ORDER BY 1", [
    `${prefix}%`,
  ]);
  return rows.map((row) => row.tablename);
}

it("has nothing to do on a database that is up to date", async () => {
  expect(await migrate(services.databaseUrl)).toEqual([]);
});

it("applies each migration once, in order, also when several processes start at once", async () => {
  await write("002_second", "ALTER TABLE once_a ADD COLUMN b INT;");
  await write("001_first", "CREATE TABLE once_a (a INT);");
  const applied = await Promise.all([1, 2, 3].map(() => migrate(services.databaseUrl, folder)));
  expect(applied.flat()).toEqual(["001_first", "002_second"]);
  await rm(folder, { recursive: true });
});

it("applies a migration whole or not at all, and can go on after it was mended", async () => {
  await write("003_halves", "CREATE TABLE halves_a (a INT); CREATE TABLE halves_b (b NONSENSE);");
  await expect(migrate(services.databaseUrl, folder)).rejects.toThrow(/003_halves failed and was not applied/);
  expect(await tables("halves")).toEqual([]);
  await write("003_halves", "CREATE TABLE halves_a (a INT); CREATE TABLE halves_b (b INT);");
  expect(await migrate(services.databaseUrl, folder)).toEqual(["003_halves"]);
  expect(await tables("halves")).toEqual(["halves_a", "halves_b"]);
  await rm(folder, { recursive: true });
});

it("refuses a migration that was changed after it had been applied", async () => {
  await write("004_changed", "CREATE TABLE changed_a (a INT);");
  await migrate(services.databaseUrl, folder);
  await write("004_changed", "CREATE TABLE changed_a (b INT);");
  await expect(migrate(services.databaseUrl, folder)).rejects.toThrow(/004_changed was changed/);
  await rm(folder, { recursive: true });
});
