/** `drc up` from its first start to its death, with everything that it starts. The tests go on one after the other. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildPrograms, drc, killRemaining, type RunningDrc, startDrc } from "./support/drc.ts";
import { pictureFolder } from "./support/pictures.ts";
import {
  addressOf,
  appearance,
  keyOf,
  makeWorkplace,
  processesIn,
  startUp,
  untilNoProcessIn,
  type Workplace,
} from "./support/server.ts";

const STOPPED = {
  code: 0,
  signal: null,
  errors: expect.arrayContaining([expect.stringMatching(/^Stopping…/), "Everything is stopped."]),
};

/** Of the command itself, its guard, the services, the programs and a job. */
const PROCESSES = [
  /bin\/drc\.mjs up /,
  /\d \/bin\/sh -c/,
  /valkey-server/,
  /\/weed /,
  /bin\/postgres /,
  /api\/dist\/main\.js/,
  /worker\/dist\/main\.js/,
  /job-process\.js/,
];

let workplace: Workplace;
let data: string;
let up: RunningDrc;
let key: string;
let compression: string;

beforeAll(async () => {
  await buildPrograms();
  workplace = await makeWorkplace();
  data = workplace.data;
  await pictureFolder(join(workplace.path, "train"), [1, 2, 3, 4]);
  await pictureFolder(join(workplace.path, "held-out"), [5]);
});
afterAll(async () => {
  await killRemaining();
  await untilNoProcessIn(data);
  await workplace.remove();
});

/** Which of the processes that belong to a server with a running job there are none of. */
async function missingProcesses(): Promise<RegExp[]> {
  const present = await processesIn(data);
  return PROCESSES.filter((pattern) => !present.some((line) => pattern.test(line)));
}

it.each([
  ["before its services run", "secrets.json"],
  ["before its API listens", "connection.json"],
])("stops what it has begun on Ctrl-C %s", async (_when, file) => {
  const appeared = appearance(data, file);
  up = startUp(data);
  await appeared;
  up.kill("SIGINT");
  const ended = await up.ended;
  expect(await processesIn(data)).toEqual([]);
  expect(ended).toMatchObject({ ...STOPPED, stdout: "" });
});

it("prints address and key at the first start that gets ready, and answers", async () => {
  up = startUp(data);
  const url = await addressOf(up);
  key = (await up.line(/^API key, shown this once: /)).replace("API key, shown this once: ", "");
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/v1/jobs`)).status).toBe(401);
  expect((await fetch(`${url}/v1/jobs`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
  expect(await keyOf(data)).toBe(key);

  // It has a key for the secrets of webhooks. This one is sent nothing here.
  const webhook = await fetch(`${url}/v1/webhooks`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ url: "https://1.1.1.1/", events: ["job.paused"] }),
  });
  expect(webhook.status).toBe(201);
});

it("refuses a second start in the folder, under whatever name, and names the process that runs", async () => {
  const other = join(workplace.path, "other-name");
  await symlink(data, other);
  const second = await drc(["up", "--data-folder", other, "--port", "0"]);
  expect(second).toMatchObject({ code: 1, stdout: "" });
  expect(second.errors).toHaveLength(1);
  expect(second.errors[0]).toMatch(new RegExp(`^drc: --data-folder: ${data} is in use by process ${up.pid};`));
  expect((await fetch(`${await addressOf(up)}/healthz`)).status).toBe(200);
});

/** Whoever watches waits for a server that may be back soon, and can be ended meanwhile. */
async function endWaiting(watching: RunningDrc): Promise<void> {
  await watching.line(/^The server does not answer; asking again for 10 minutes\.$/);
  watching.kill("SIGINT");
  const { code, signal } = await watching.ended;
  expect(["SIGINT", 130]).toContain(signal ?? code);
}

it("leaves no process on Ctrl-C while a job runs, and lets those who watch wait", async () => {
  const options = ["--scale", "2", "--preset", "drn-tiny", "--steps", "1000000", "--watch"];
  const folders = ["--data", join(workplace.path, "train"), "--evaluation", join(workplace.path, "held-out")];
  const submit = startDrc(["submit", "--data-folder", data, ...folders, ...options]);
  compression = await submit.line(/^cmp_/);
  await submit.line(/train .* of 1000000/);
  expect(await missingProcesses()).toEqual([]);

  up.kill("SIGINT");
  const ended = await up.ended;
  expect(await processesIn(data)).toEqual([]);
  expect(ended).toMatchObject(STOPPED);

  await endWaiting(submit);
});

it("goes on at the next start, shows no key again, and leaves no process even when it is killed", async () => {
  up = startUp(data);
  await addressOf(up);
  const watch = startDrc(["watch", compression, "--data-folder", data]);
  await watch.line(/train .* of 1000000/);
  expect(await missingProcesses()).toEqual([]);

  up.kill("SIGKILL");
  const { stdout } = await up.ended;
  await untilNoProcessIn(data);
  expect(stdout).not.toContain(key);
  expect(stdout).not.toContain("API key");
  await endWaiting(watch);
});

it("starts again after it was killed", async () => {
  up = startUp(data);
  const url = await addressOf(up);
  const response = await fetch(`${url}/v1/compressions/${compression}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(await response.json()).toMatchObject({ id: compression, state: "running" });
  const webhooks = await fetch(`${url}/v1/webhooks`, { headers: { authorization: `Bearer ${key}` } });
  // The key is still the same.
  expect(await webhooks.json()).toMatchObject({ items: [{ error: null }] });
  up.kill("SIGTERM");
  expect(await up.ended).toMatchObject(STOPPED);
  expect(await processesIn(data)).toEqual([]);
});
