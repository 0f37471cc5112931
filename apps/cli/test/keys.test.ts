/** `drc keys`, on a server of its own. */
import type { CreatedKeyResource, KeyResource } from "@drc/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drc } from "./support/drc.ts";
import { addressOf, keyOf, startServer, type TestServer } from "./support/server.ts";

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await startServer();
  url = await addressOf(server.up);
});
afterAll(() => server.stop());

const keys = (...args: string[]) => drc(["keys", ...args, ...server.options]);

it("makes a key with scope, expiry and limits, which works until it is revoked", async () => {
  const limits = ["--max-queued-jobs", "5", "--max-stored-bytes", "1000", "--max-requests-per-minute", "60"];
  const made = await keys("create", "nightly", "--scope", "read", "--expires", "30d", ...limits, "--json");
  const key = JSON.parse(made.stdout) as CreatedKeyResource;
  expect(key).toMatchObject({
    name: "nightly",
    scopes: ["read"],
    limits: { queuedJobs: 5, storedBytes: 1000, requestsPerMinute: 60 },
  });
  expect((Date.parse(key.expiresAt ?? "") - Date.now()) / 86_400_000).toBeCloseTo(30, 1);
  const withIt = ["--url", url, "--key", key.key ?? ""];
  expect((await drc(["models", ...withIt])).code).toBe(0);
  const refused = await drc(["keys", ...withIt]);
  expect(refused).toMatchObject({ code: 1, errors: [expect.stringContaining('needs the scope "admin"')] });
  expect(await keys("revoke", key.id)).toMatchObject({ code: 0, stdout: `${key.id} (nightly) revoked.` });
  expect(await drc(["models", ...withIt])).toMatchObject({ code: 1, errors: [expect.stringContaining("was revoked")] });
});

it("shows the key of a server on this machine", async () => {
  const shown = await keys("show");
  expect(shown).toMatchObject({ code: 0, stdout: await keyOf(server.workplace.data) });
  const nowhere = await drc(["keys", "show", "--data-folder", "/nowhere"]);
  expect(nowhere).toMatchObject({ code: 2, errors: [expect.stringContaining("no server was started in /nowhere")] });
});

it("shows a new key once, and lists keys by their beginnings", async () => {
  const { stdout } = await keys("create", "for people");
  const [, key] = /^API key: (drc_[\w-]{43})$/m.exec(stdout) ?? [];
  expect(stdout).toContain("It is shown this once. It never expires.");
  const list = await keys();
  expect(list.stdout).toContain(key.slice(0, 10));
  expect(list.stdout).not.toContain(key);
  expect(list.stdout).toMatch(/for people +submit +active +never +never +–/);
  const { keys: all } = JSON.parse((await keys("--json")).stdout) as { keys: KeyResource[] };
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(["for people", "first"]));
});

it("refuses what cannot be, by its option or identifier", async () => {
  expect(await keys("create", "x", "--expires", "yesterday")).toMatchObject({ code: 2 });
  expect(await keys("create", "x", "--expires", "2001-01-01")).toMatchObject({ code: 2 });
  expect(await keys("create", "x", "--scope", "all")).toMatchObject({ code: 2 });
  const { keys: all } = JSON.parse((await keys("--json")).stdout) as { keys: KeyResource[] };
  const own = await keyOf(server.workplace.data);
  const first = all.find(({ hint }) => hint !== null && own.startsWith(`drc_${hint}`)) as KeyResource;
  const last = await keys("revoke", first.id);
  expect(last).toMatchObject({ code: 1, errors: [expect.stringContaining("last admin key")] });
});
