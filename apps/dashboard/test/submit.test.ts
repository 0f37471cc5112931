/** Forms made of the schemas of requests: defaults, estimate, refusals at their fields, the same request as text. */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { violationsOf } from "./support/axe.ts";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";
import { chooseRecord, openSettings, submissionInputs } from "./support/steps.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const dashboard = useDashboard();
let datasetId: string;
let modelId: string;

beforeAll(async () => {
  ({ datasetId, modelId } = await submissionInputs(dashboard.server, "photographs <b>1</b>"));
});

it("submits a compression with defaults, after an estimate, and shows the same request as text", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/submit");
  const submit = page.getByRole("button", { name: "Submit" });
  expect(await submit.isDisabled()).toBe(true);
  await chooseRecord(page, "Model", modelId);
  await chooseRecord(page, "Dataset", datasetId);
  const estimate = page.getByRole("region", { name: "Estimate" });
  await estimate.getByText(/^4 jobs|^3 jobs/).waitFor();
  expect(await estimate.textContent()).toMatch(/channel-search.*prune.*fine-tune/);

  const remove = page.getByLabel("Share to remove");
  await remove.fill("1.5");
  await page.getByText("1.5 is not usable; the share to remove is a number between 0 and 1").first().waitFor();
  expect(await remove.getAttribute("aria-invalid")).toBe("true");
  await page.getByRole("button", { name: "30 %" }).click();
  expect(await remove.inputValue()).toBe("0.3");
  const fineTuning = await openSettings(page, "Fine-tuning");
  const steps = fineTuning.getByLabel("Steps", { exact: true });
  expect(await steps.getAttribute("placeholder")).toBe("600");
  await steps.fill("77");
  await estimate.getByRole("row").filter({ hasText: "fine-tune" }).getByText("77").waitFor();

  const request = page.getByRole("region", { name: "Request", exact: true });
  const curl = await request.textContent();
  expect(curl).toContain("$DRC_API_KEY");
  expect(curl).not.toContain(dashboard.server.key);
  expect(JSON.parse((curl ?? "").split("<<'JSON'\n")[1].replace(/JSON\s*$/, ""))).toEqual({
    budget: { of: "parameters", remove: 0.3 },
    model: { modelId },
    dataset: { datasetId, version: 1 },
    fineTune: { steps: 77 },
  });
  await page.getByText("Script", { exact: true }).click();
  const copied = await firstLineOf(await request.locator("pre").textContent());
  expect((await dashboard.server.client.compressions.get(copied)).body).toMatchObject({ fineTune: { steps: 77 } });
  await page.evaluate("scrollTo(0, 0)");
  expect(await violationsOf(page, "submit")).toEqual([]);

  await submit.click();
  await page.waitForURL(/\/compressions\/cmp_/);
  await page.getByRole("definition").getByRole("link", { name: "base", exact: true }).waitFor();
  const id = page.url().split("/").at(-1) ?? "";
  const { body } = await dashboard.server.client.compressions.get(id);
  expect(body).toMatchObject({ budget: { remove: 0.3 }, fineTune: { steps: 77 }, model: { modelId } });
  expect(faults).toEqual([]);
});

it("trains a new network, and evaluates bicubic", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=training&dataset=${datasetId}&version=1`);
  const preset = page.getByRole("combobox", { name: "Preset", exact: true });
  const scale = page.getByRole("combobox", { name: "Scale", exact: true });
  const submit = page.getByRole("button", { name: "Submit" });
  await preset.selectOption("drn-l");
  await scale.selectOption({ label: "2" });
  await page
    .getByText(/drn-l has no size for ×2/)
    .first()
    .waitFor();
  expect(await submit.isDisabled()).toBe(true);
  await submit.focus();
  await page.getByRole("tooltip").getByText("The server refuses it as it is").waitFor();
  await preset.selectOption("drn-xs");
  await scale.selectOption({ label: "4" });
  await page
    .getByRole("region", { name: "Estimate" })
    .getByText(/^1 job,/)
    .waitFor();
  await submit.click();
  await page.waitForURL(/\/jobs\/job_/);

  await page.goto("/submit?what=evaluation");
  await page.getByRole("combobox", { name: "Model" }).selectOption({ label: "bicubic" });
  await chooseRecord(page, "Dataset", datasetId);
  await page
    .getByRole("region", { name: "Estimate" })
    .getByText(/^1 job,/)
    .waitFor();
  await page.getByRole("button", { name: "Submit" }).click();
  await page.waitForURL(/\/jobs\/job_/);
  const { kind, spec } = await dashboard.server.client.jobs.get(page.url().split("/").at(-1) ?? "");
  expect([kind, spec.model]).toEqual(["evaluate", "bicubic"]);
  expect(faults).toEqual([]);
});

it("submits a sweep as a grid", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=sweep&model=${modelId}&dataset=${datasetId}&version=1`);
  await chooseRecord(page, "Evaluation dataset", datasetId);
  await page.getByLabel("Shares to remove").fill("0.3, 0.5");
  await page.getByLabel("taylor").check();
  await page.getByLabel("Seeds").fill("1, 2");
  await page.getByText("12 points").waitFor();
  await page
    .getByRole("region", { name: "Estimate" })
    .getByText(/^\d+ jobs/)
    .waitFor();
  expect(await violationsOf(page, "states/submit-sweep")).toEqual([]);
  await page.getByRole("button", { name: "Submit" }).click();
  await page.waitForURL(/\/sweeps\/swp_/);
  const { points } = await dashboard.server.client.sweeps.get(page.url().split("/").at(-1) ?? "");
  expect(points).toHaveLength(12);
  expect(faults).toEqual([]);
});

/** Runs what the page shows as a script in the folder of the project, up to its first line. */
async function firstLineOf(script: string | null): Promise<string> {
  const env = { PATH: process.env.PATH, DRC_API_KEY: dashboard.server.key };
  const child = spawn(process.execPath, ["--input-type=module"], {
    cwd: ROOT,
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(script);
  try {
    for await (const line of createInterface({ input: child.stdout })) return line;
    throw new Error("The script printed nothing.");
  } finally {
    child.kill("SIGKILL");
  }
}
