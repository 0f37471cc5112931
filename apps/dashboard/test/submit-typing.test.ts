/** Forms of a submission, filled in as people do it: key by key, with a look elsewhere, over losses and refusals. */
import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { violationsOf } from "./support/axe.ts";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";
import { chooseRecord, openSettings, submissionInputs } from "./support/steps.ts";

const dashboard = useDashboard();
let datasetId: string;
let modelId: string;

beforeAll(async () => {
  ({ datasetId, modelId } = await submissionInputs(dashboard.server, "photographs"));
});

/** The body of the request that the form shows. */
async function shownBody(page: Page): Promise<Record<string, unknown>> {
  const text = await page.getByRole("region", { name: "Request", exact: true }).textContent();
  return JSON.parse((text ?? "").split("<<'JSON'\n")[1].replace(/JSON\s*$/, ""));
}

it("keeps a choice whose last field is emptied to be typed anew", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/submit");
  await page.getByText("A new network", { exact: true }).click();
  await page.getByRole("combobox", { name: "Network", exact: true }).selectOption({ label: "blocks and features" });
  const blocks = page.getByRole("textbox", { name: "Blocks", exact: true });
  await blocks.pressSequentially("2");
  await blocks.press("Backspace");
  await blocks.pressSequentially("3");
  expect((await shownBody(page)).network).toEqual({ blocks: 3 });

  await page.getByText("Training", { exact: true }).first().click();
  const validation = page.getByRole("combobox", { name: "Validation", exact: true });
  await validation.selectOption({ label: "a share of the images" });
  const share = page.getByRole("textbox", { name: "Share", exact: true });
  await share.pressSequentially("0.2");
  for (let i = 0; i < 3; i++) await share.press("Backspace");
  await share.pressSequentially("0.25");
  expect((await shownBody(page)).spec).toMatchObject({ validation: { share: 0.25 } });

  await page.getByText("Sweep", { exact: true }).click();
  const stop = page.getByRole("combobox", { name: "Early stop", exact: true });
  await stop.selectOption({ label: "Below bicubic" });
  const below = page.getByRole("textbox", { name: "Below bicubic" });
  await below.pressSequentially("5");
  await below.press("Backspace");
  await below.pressSequentially("0.5");
  expect((await shownBody(page)).stopWhen).toEqual({ belowBicubic: 0.5 });
  expect(faults).toEqual([]);
});

it("keeps what is filled in: over another form, another page, a reload and the end of the session", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=sweep&model=${modelId}`);
  const name = page.getByRole("textbox", { name: "Name", exact: true });
  await name.pressSequentially("half written");
  const shares = page.getByLabel("Shares to remove");
  await shares.fill("0.25, 0.35");
  const there = async () => {
    await expect.poll(() => name.inputValue()).toBe("half written");
    expect(await shares.inputValue()).toBe("0.25, 0.35");
    expect((await shownBody(page)).model).toEqual({ modelId });
  };
  await page.getByText("Evaluation", { exact: true }).click();
  await page.getByRole("heading", { level: 2, name: "Name and order" }).waitFor();
  expect(await name.inputValue()).toBe("");
  await page.getByText("Sweep", { exact: true }).click();
  await there();
  await page.getByRole("link", { name: "Models" }).click();
  await page.getByRole("heading", { level: 1, name: "Models" }).waitFor();
  await page.goBack();
  await there();
  await page.reload();
  await there();
  await dashboard.server.services.database.session.deleteMany();
  await page.getByText("The session has ended.").waitFor();
  await page.getByLabel("API key").fill(dashboard.server.key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await there();
  expect(await page.evaluate("JSON.stringify(sessionStorage)")).not.toContain(dashboard.server.key);

  await page.getByRole("button", { name: "Clear" }).click();
  await expect.poll(() => name.inputValue()).toBe("");
  expect(await shares.inputValue()).toBe("0.3, 0.5, 0.7");
  expect((await shownBody(page)).model).toEqual({ modelId });
  await name.pressSequentially("of one who leaves");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  expect(await page.evaluate("JSON.stringify(sessionStorage)")).not.toContain("of one who leaves");
  expect(faults).toEqual([]);
});

it("begins anew where another model is to be submitted", async () => {
  const { page } = dashboard.open;
  await signIn(page, dashboard.server.key, "/submit?what=compression");
  await page.getByRole("textbox", { name: "Name", exact: true }).pressSequentially("without a model");
  await page.goto(`/submit?what=compression&model=${modelId}`);
  await page.getByRole("heading", { level: 2, name: "Name and order" }).waitFor();
  expect(await page.getByRole("textbox", { name: "Name", exact: true }).inputValue()).toBe("");
  expect((await shownBody(page)).model).toEqual({ modelId });
});

it("gives a sweep budgets of several costs and methods with another plan", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=sweep&model=${modelId}&dataset=${datasetId}&version=1`);
  await chooseRecord(page, "Evaluation dataset", datasetId);
  const first = page.getByRole("group", { name: "Budgets 1" });
  await first.getByLabel("Of").selectOption("multiplyAdds");
  const shares = first.getByLabel("Shares to remove");
  await shares.fill("");
  await shares.pressSequentially("0.3, 0.5");
  await first.getByLabel("Width multiple").pressSequentially("2");
  await page.getByRole("button", { name: "Add budgets of another cost" }).click();
  const second = page.getByRole("group", { name: "Budgets 2" });
  await second.getByLabel("Of").selectOption("parameters");
  await second.getByLabel("Width multiple").fill("");
  await second.getByLabel("Shares to remove").pressSequentially("1.5");
  await page.getByRole("button", { name: "Add a method with another plan" }).click();
  await page.getByRole("group", { name: "Method with another plan 1" }).getByLabel("Plan").selectOption("second-order");
  await second.getByText("1.5 is not usable; the share to remove is a number between 0 and 1").waitFor();
  expect(await shares.getAttribute("aria-invalid")).not.toBe("true");
  // What is wrong with one field leaves the others their defaults.
  expect(await page.getByLabel("Measure pruned networks before their fine-tuning as well").isChecked()).toBe(true);
  expect(await violationsOf(page, "states/submit-sweep-refused")).toEqual([]);
  await second.getByLabel("Shares to remove").fill("0.4");
  await page.getByText("9 points").waitFor();
  await page
    .getByRole("region", { name: "Estimate" })
    .getByText(/^\d+ jobs/)
    .waitFor();
  await page.getByRole("button", { name: "Submit" }).click();
  await page.waitForURL(/\/sweeps\/swp_/);
  const { body, points } = await dashboard.server.client.sweeps.get(page.url().split("/").at(-1) ?? "");
  expect(points).toHaveLength(9);
  expect(body.grid).toMatchObject({
    budgets: [
      { of: "multiplyAdds", remove: 0.3, widthMultiple: 2 },
      { of: "multiplyAdds", remove: 0.5, widthMultiple: 2 },
      { of: "parameters", remove: 0.4 },
    ],
    methods: [{ name: "second-order" }, { name: "l1" }, { name: "second-order/second-order", plan: "second-order" }],
  });
  expect(faults).toEqual([]);
});

it("offers a sweep the settings of a training where a method is trained from scratch", async () => {
  const { page } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=sweep&model=${modelId}`);
  expect(await page.locator("summary", { hasText: /^Training$/ }).count()).toBe(0);
  await page.getByLabel("from-scratch").check();
  await (await openSettings(page, "Training")).getByLabel("Steps", { exact: true }).fill("40");
  expect((await shownBody(page)).train).toEqual({ steps: 40 });
});

it("shows an estimate as old until there is one of the form as it is, to a key that may only read too", async () => {
  const { page, faults } = dashboard.open;
  const { key } = await dashboard.server.client.keys.create({ name: "reader", scopes: ["read"] });
  let dryRuns = 0;
  let letGo = () => {};
  await page.route("**/v1/compressions?dryRun=true", async (route) => {
    if (++dryRuns === 2) await new Promise<void>((resolve) => (letGo = resolve));
    await route.continue();
  });
  await signIn(page, key ?? "", `/submit?what=compression&model=${modelId}`);
  await chooseRecord(page, "Dataset", datasetId);
  const estimate = page.getByRole("region", { name: "Estimate" });
  await estimate.getByText("Asking the server …").waitFor();
  await estimate.getByText(/^\d jobs/).waitFor();
  expect(await estimate.getByText("asking the server").count()).toBe(0);
  expect(await page.getByRole("button", { name: "Submit" }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "30 %" }).click();
  await estimate.getByText("Before the last change; asking the server …").waitFor();
  await expect.poll(() => dryRuns).toBe(2);
  expect(await estimate.getByText("Before the last change").count()).toBe(1);
  letGo();
  await estimate.getByText("Before the last change").waitFor({ state: "detached" });
  expect(faults).toEqual([]);
});

it("submits again as it is after a request without an answer, and makes one thing of it", async () => {
  const { page } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=evaluation&dataset=${datasetId}&version=1`);
  await page.getByRole("combobox", { name: "Model" }).selectOption({ label: "bicubic" });
  await page.getByRole("textbox", { name: "Name", exact: true }).pressSequentially("once");
  const submit = page.getByRole("button", { name: "Submit" });
  let isLost = true;
  await page.route(/\/v1\/jobs$/, async (route) => {
    const response = await route.fetch();
    if (isLost) await route.abort();
    else await route.fulfill({ response });
    isLost = false;
  });
  await submit.click();
  await page.getByRole("alert").getByText("The server does not answer", { exact: true }).waitFor();
  await expect.poll(() => submit.isEnabled()).toBe(true);
  await submit.click();
  await page.waitForURL(/\/jobs\/job_/);
  const { items } = await dashboard.server.client.jobs.page({ search: "once" });
  expect(items).toHaveLength(1);
});

it("has no violations with its settings open, refused, and for trainings and evaluations", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=compression&model=${modelId}&dataset=${datasetId}&version=1`);
  for (const title of ["Method", "Fine-tuning"]) await openSettings(page, title);
  await page.getByLabel("Share to remove").fill("");
  await page.getByLabel("Share to remove").pressSequentially("1.5");
  await page.getByText("1.5 is not usable").first().waitFor();
  expect(await violationsOf(page, "states/submit-refused")).toEqual([]);
  await page.goto("/submit?what=training");
  await page.getByRole("combobox", { name: "Preset", exact: true }).waitFor();
  await page.getByRole("textbox", { name: "Learning rate", exact: true }).waitFor();
  expect(await violationsOf(page, "states/submit-training")).toEqual([]);
  await page.goto("/submit?what=evaluation");
  await page.getByRole("combobox", { name: "Model" }).waitFor();
  expect(await violationsOf(page, "states/submit-evaluation")).toEqual([]);
  expect(faults).toEqual([]);
});

it("begins with no choice that it does not send, and has the defaults of a new network's training at once", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=evaluation&dataset=${datasetId}&version=1`);
  const model = page.getByRole("combobox", { name: "Model", exact: true });
  expect(await model.locator("option:checked").textContent()).toBe("Choose");
  await model.selectOption({ label: "bicubic" });
  expect((await shownBody(page)).spec).toMatchObject({ model: "bicubic" });

  await page.goto("/submit");
  await page.getByText("A new network", { exact: true }).click();
  const training = await openSettings(page, "Training");
  const steps = training.getByLabel("Steps", { exact: true });
  await expect.poll(() => steps.getAttribute("placeholder")).toBe("1500");
  await steps.fill("1.5");
  expect(await training.getByLabel("Batch size", { exact: true }).getAttribute("placeholder")).toBe("8");
  expect(await training.getByLabel("Preset").locator("option:checked").textContent()).toBe("Default: small");
  const device = page.getByRole("combobox", { name: "Device", exact: true });
  expect(await device.locator("option:checked").textContent()).toBe("The server's own");
  expect(faults).toEqual([]);
});

it("leads from each refusal to its field, and keeps estimate and button in sight", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=compression&model=${modelId}&dataset=${datasetId}&version=1`);
  const share = page.getByRole("textbox", { name: "Share to remove" });
  await share.fill("1.5");
  const alert = page.getByRole("alert");
  await alert.getByRole("button", { name: "Budget › Share to remove" }).click();
  expect(await share.evaluate("document.activeElement.value")).toBe("1.5");
  await share.fill("0.5");
  const fineTuning = await openSettings(page, "Fine-tuning");
  await fineTuning.getByLabel("Steps", { exact: true }).fill("-77");
  const entry = alert.getByRole("button", { name: "Fine-tuning › Steps" });
  await entry.waitFor();
  await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })");
  await entry.click();
  expect(await page.evaluate("document.activeElement.value")).toBe("-77");
  expect(await fineTuning.getByLabel("Steps", { exact: true }).isVisible()).toBe(true);

  await page.getByRole("textbox", { name: "Name", exact: true }).scrollIntoViewIfNeeded();
  await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
  const top = async () => (await page.getByRole("region", { name: "Estimate" }).boundingBox())?.y ?? -1;
  await expect.poll(top).toBeGreaterThan(0);
  // In a phone's width the usual shares stand between their field and the next one.
  await page.setViewportSize({ width: 390, height: 800 });
  const boxes = [share, page.getByRole("group", { name: "Usual shares" }), page.getByLabel("Width multiple")];
  const tops = await Promise.all(boxes.map(async (one) => (await one.boundingBox())?.y ?? -1));
  expect(tops).toEqual(tops.toSorted((a, b) => a - b));
  expect(faults).toEqual([]);
});

it("keeps the focus on the button over a submission that is refused", async () => {
  const { page } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?what=evaluation&dataset=${datasetId}&version=1`);
  await page.getByRole("combobox", { name: "Model", exact: true }).selectOption({ label: "bicubic" });
  await page
    .getByRole("region", { name: "Estimate" })
    .getByText(/^1 job,/)
    .waitFor();
  const problem = {
    type: "about:blank",
    title: "Conflict",
    status: 409,
    code: "CONFLICT",
    detail: "Not now.",
    retryable: false,
  };
  await page.route(/\/v1\/jobs$/, (route) =>
    route.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify(problem) }),
  );
  await page.getByRole("button", { name: "Submit" }).press("Enter");
  await page.getByRole("alert").getByText("Not now.").waitFor();
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Submit");
});

it("leaves open what somebody types in, whatever is refused of it meanwhile, and takes per cent", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, `/submit?model=${modelId}&dataset=${datasetId}&version=1`);
  const remove = page.getByRole("textbox", { name: "Share to remove" });
  await remove.fill("");
  await remove.pressSequentially("30 %");
  expect((await shownBody(page)).budget).toMatchObject({ remove: 0.3 });

  const group = await openSettings(page, "Fine-tuning");
  const patch = group.getByRole("textbox", { name: "Patch size (LR pixels)" });
  await patch.pressSequentially("1");
  await group.getByText("1 is too small; at least 4.").waitFor();
  await patch.press("Backspace");
  await patch.pressSequentially("16");
  await group.getByText("1 is too small; at least 4.").waitFor({ state: "detached" });
  await page
    .getByRole("region", { name: "Estimate" })
    .getByText(/^3 jobs,/)
    .waitFor();
  expect(await group.getAttribute("open")).not.toBeNull();
  expect(await page.evaluate("document.activeElement.id")).toBe(await patch.getAttribute("id"));

  // Of a default whose fields are not shown: where they can be had.
  await page.route("**/v1/compressions?dryRun=true", async (route) => {
    const pointer = "/method/importance/calibration/patchSize";
    const errors = [{ pointer, detail: "A patch of 24 LR pixels is too large." }];
    const problem = { type: "about:blank", title: "Refused", status: 422, detail: "No.", code: "VALIDATION_FAILED" };
    await route.fulfill({
      status: 422,
      contentType: "application/problem+json",
      body: JSON.stringify({ ...problem, retryable: false, errors }),
    });
  });
  await patch.press("Backspace");
  await page.getByText("too large. Choose second-order here to change that.").waitFor();
  expect(faults).toEqual([]);
});
