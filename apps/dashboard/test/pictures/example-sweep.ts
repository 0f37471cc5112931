/**
 * Pictures of a real sweep, and of two of its networks compared, as `npm run screenshots` keeps them: of
 * `examples/ratios.yaml` on a server of its own, by the commands that a user has.
 *
 *   tsx apps/dashboard/test/pictures/example-sweep.ts FOLDER
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { CreateSweepBody } from "@drc/contracts";
import { DrcClient } from "@drc/sdk";
import type { Page } from "playwright-core";
import { inBothColours, launchBrowser, openPage, signIn, takePicture } from "../support/browser.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** The budget and method whose network is compared with the original, and the photograph that is shown. */
const COMPARED = { remove: 0.5, method: "second-order", photograph: "chelsea.png" };

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Name the folder for the pictures.");
const dataFolder = await mkdtemp(join(tmpdir(), "drc-pictures-"));
// Where this is root's, PostgreSQL runs as another user, who has to get through.
await chmod(dataFolder, 0o711);
const up = drc("up", "--port", "0", "--json");
const upExit = once(up, "exit");
try {
  const [ready] = await Promise.race([once(up.stdout ?? up, "data"), upExit]);
  const { url, key } = JSON.parse(String(ready)) as { url: string; key: string };
  const sweepId = await runSweep();
  const browser = await launchBrowser();
  try {
    const { page } = await openPage(browser, url);
    await signIn(page, key, `/sweeps/${sweepId}`);
    await page.locator(".point-link").nth(5).waitFor();
    await keep(page, "sweep");
    const { original, compressed, bicubic } = await evaluate(new DrcClient({ url, key }), sweepId);
    const jobs = `original=${original}&compressed=${compressed}&bicubic=${bicubic}`;
    await page.goto(`/compare?${jobs}&image=${COMPARED.photograph}`);
    await page.getByRole("slider").waitFor();
    await keep(page, "compare");
  } finally {
    await browser.close();
  }
} finally {
  up.kill("SIGTERM");
  await upExit;
  await rm(dataFolder, { recursive: true, force: true });
}

/** `drc` on the data folder; what it says on standard error is passed on. */
function drc(...args: string[]): ChildProcess {
  const program = join(ROOT, "apps/cli/bin/drc.mjs");
  return spawn(process.execPath, [program, ...args, "--data-folder", dataFolder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function runSweep(): Promise<string> {
  const sweep = drc("sweep", join(ROOT, "examples/ratios.yaml"), "--wait", "--json");
  if (!sweep.stdout) throw new Error("The sweep has no output.");
  const [printed, [code]] = await Promise.all([text(sweep.stdout), once(sweep, "exit")]);
  if (code !== 0) throw new Error(`drc sweep ended with ${code}.`);
  return (JSON.parse(printed) as { id: string }).id;
}

/** Evaluations that keep their images, of the original, the compressed network and bicubic interpolation. */
async function evaluate(client: DrcClient, sweepId: string) {
  const { original, points, ...sweep } = await client.sweeps.get(sweepId);
  const point = points.find(({ budget, method }) => budget.remove === COMPARED.remove && method === COMPARED.method);
  const { dataset } = (sweep.body as unknown as CreateSweepBody).evaluation;
  if (!original.modelId || !point?.modelId) throw new Error("The sweep has not what is to be compared.");
  const jobs: string[] = [];
  for (const model of [{ modelId: original.modelId }, { modelId: point.modelId }, "bicubic" as const]) {
    const { id } = await client.jobs.create({ kind: "evaluate", spec: { model, dataset, keepImages: true } });
    jobs.push(id);
    const { state } = await client.jobs.wait(id);
    if (state !== "succeeded") throw new Error(`An evaluation has ${state}.`);
  }
  const [first, second, third] = jobs;
  return { original: first, compressed: second, bicubic: third };
}

async function keep(page: Page, name: string): Promise<void> {
  for await (const colours of inBothColours(page)) await takePicture(page, folder, `${name}-${colours}`);
}
