/** `drc up` with services of one's own, which the environment names. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServices, useServices } from "../../../test/services.ts";
import { buildPrograms, drc, killRemaining, type RunningDrc } from "./support/drc.ts";
import { pictureFolder } from "./support/pictures.ts";
import { addressOf, makeWorkplace, processesIn, startUp, untilNoProcessIn, type Workplace } from "./support/server.ts";

let workplace: Workplace;
let services: TestServices;
let env: Record<string, string>;
let up: RunningDrc;

beforeAll(async () => {
  await buildPrograms();
  workplace = await makeWorkplace();
  services = await useServices();
  const { redisUrl, databaseUrl, s3 } = services;
  env = {
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY: s3.accessKey,
    S3_SECRET_KEY: s3.secretKey,
    S3_REGION: s3.region,
    S3_BUCKET: s3.bucket,
  };
});
afterAll(async () => {
  await killRemaining();
  await untilNoProcessIn(workplace.data);
  await services.stop();
  await workplace.remove();
});

it("runs none of its own in their place, and does its work on them (field case 55)", async () => {
  up = startUp(workplace.data, env);
  await addressOf(up);
  const present = (await processesIn(workplace.data)).join("\n");
  expect(present).toMatch(/api\/dist\/main\.js/);
  expect(present).toMatch(/worker\/dist\/main\.js/);
  expect(present).not.toMatch(/valkey-server|\/weed |bin\/postgres /);

  const images = await pictureFolder(join(workplace.path, "train"), [1, 2, 3, 4]);
  const heldOut = await pictureFolder(join(workplace.path, "held-out"), [5]);
  const small = ["--scale", "2", "--preset", "drn-tiny", "--steps", "2", "--fine-tune-steps", "1"];
  const folders = ["--data", images, "--evaluation", heldOut, "--data-folder", workplace.data];
  const submitted = await drc(["submit", ...folders, ...small, "--watch", "--json"]);
  expect(submitted).toMatchObject({ code: 0 });
  const { models } = JSON.parse(submitted.stdout);
  const model = await services.database.model.findUniqueOrThrow({ where: { id: models.compressed } });
  expect((await services.store.read(model.sha256)).length).toBeGreaterThan(0);
});

it("takes the key from DRC_API_KEY where the folder does not know that of the database", async () => {
  up.kill("SIGINT");
  await up.ended;
  const other = await makeWorkplace();
  try {
    const refused = await startUp(other.data, env).ended;
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.errors.join("\n")).toMatch(
      /--data-folder: the database has an API key that is not in .*DRC_API_KEY/,
    );
  } finally {
    await untilNoProcessIn(other.data);
    await other.remove();
  }
});

it("refuses an address that is none, and names the variable", async () => {
  const refused = await startUp(workplace.data, { ...env, REDIS_URL: "nowhere" }).ended;
  expect(refused.code).toBe(1);
  expect(refused.errors.join("\n")).toMatch(/REDIS_URL: /);
});
