/** The pages of webhooks in a real browser, with a receiver that answers as the test says. */
import { verifyWebhook } from "@drc/sdk";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { eventually, type Receiver, type ReceiverAnswer, startReceiver } from "../../../test/receiver.ts";
import { violationsOf } from "./support/axe.ts";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";

const MARKUP = '<script>alert("from the receiver")</script>';

const dashboard = useDashboard();
let receiver: Receiver;
let answer: ReceiverAnswer;
beforeAll(async () => {
  receiver = await startReceiver(() => answer);
});
afterAll(async () => {
  await receiver?.stop();
});
beforeEach(async () => {
  answer = { status: 204 };
});

it("adds a webhook, shows its secret once, and delivers a test that the secret verifies", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/webhooks");
  await page.getByText("Nobody is told").waitFor();
  await page.getByRole("button", { name: "Add a webhook" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "URL" }).fill("http://10.1.2.3/hook");
  expect(await violationsOf(page, "states/webhook-form")).toEqual([]);
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const url = dialog.getByRole("textbox", { name: "URL" });
  await expect.poll(() => url.getAttribute("aria-invalid")).toBe("true");
  expect(await dialog.getByRole("alert").count()).toBe(0);
  expect(await page.evaluate("document.activeElement.placeholder")).toBe("https://example.org/hook");
  expect(await violationsOf(page, "states/webhook-form-refused")).toEqual([]);
  await dialog.getByRole("textbox", { name: "URL" }).fill(receiver.url);
  await dialog.getByRole("textbox", { name: "Description" }).fill(MARKUP);
  await dialog.getByRole("checkbox", { name: "job.failed" }).check();
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const secret = await dialog.getByRole("textbox", { name: "Secret that signs" }).inputValue();
  expect(secret).toMatch(/^whsec_/);
  expect(await violationsOf(page, "states/webhook-secret")).toEqual([]);
  await dialog.getByRole("button", { name: "Copy" }).click();
  await dialog
    .getByRole("status")
    .getByText(/Copied|Ctrl\+C/)
    .waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("cell", { name: MARKUP }).waitFor();
  expect(await violationsOf(page, "webhooks")).toEqual([]);
  await expect.poll(async () => (await page.content()).includes(secret)).toBe(false);

  await page.getByRole("link", { name: receiver.url }).press("Enter");
  await page.getByRole("button", { name: "Send a test" }).press("Enter");
  const [{ headers, body }] = await eventually(() => receiver.received.length > 0 && receiver.received);
  expect(await verifyWebhook(secret, headers, body)).toMatchObject({ type: "webhook.test" });
  const row = page.getByRole("row").filter({ hasText: "webhook.test" });
  await row.getByText("delivered").waitFor();
  expect(await violationsOf(page, "webhook")).toEqual([]);
  expect(faults).toEqual([]);
});

it("shows a delivery with its body and the answers, and delivers it again under the same identifier", async () => {
  const { page, faults } = dashboard.open;
  answer = { status: 500, body: MARKUP };
  const { id } = await dashboard.server.client.webhooks.create({ url: `${receiver.url}?again` });
  const before = receiver.received.length;
  await dashboard.server.client.webhooks.test(id);
  await signIn(page, dashboard.server.key, `/webhooks/${id}`);
  await page.getByRole("link", { name: /^msg_/ }).press("Enter");
  await page.getByRole("heading", { level: 1, name: "webhook.test" }).waitFor();
  const attempts = page.getByLabel("Attempts", { exact: true });
  await attempts.getByText("500").waitFor();
  await attempts.getByText(MARKUP).waitFor();
  await page.getByText('"type": "webhook.test"').waitFor();
  await page.getByText(/next attempt in/).waitFor();
  expect(await violationsOf(page, "delivery")).toEqual([]);
  answer = { status: 200, body: "thanks" };
  await page.getByRole("button", { name: "Redeliver" }).click();
  await attempts.getByText("thanks").waitFor();
  await page.getByText("delivered").waitFor();
  const [first, again] = receiver.received.slice(before);
  expect(again.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
  expect(again.body.equals(first.body)).toBe(true);
  expect(faults).toEqual([]);
});

it("disables, enables, rotates, changes and deletes", async () => {
  const { page, faults } = dashboard.open;
  const { id } = await dashboard.server.client.webhooks.create({
    url: `${receiver.url}?verbs`,
    events: ["job.failed"],
  });
  await signIn(page, dashboard.server.key, `/webhooks/${id}`);
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Enable" }).waitFor();
  expect((await dashboard.server.client.webhooks.get(id)).state).toBe("disabled");
  expect(await page.getByRole("button", { name: "Send a test" }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("button", { name: "Disable" }).waitFor();

  await page.getByRole("button", { name: "Rotate the secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Rotate the secret" }).click();
  expect(await page.getByRole("textbox", { name: "Secret that signs" }).inputValue()).toMatch(/^whsec_/);
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByText("signs as well until").waitFor();

  await page.getByRole("button", { name: "Change" }).click();
  await page.getByRole("checkbox", { name: "sweep.failed" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("job.failed, sweep.failed").waitFor();

  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave it" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Webhooks" }).waitFor();
  expect(await page.getByRole("link", { name: `${receiver.url}?verbs` }).count()).toBe(0);
  expect(faults).toEqual([]);
});

it("has room for what is long, on a phone too", async () => {
  const { page, faults } = dashboard.open;
  answer = { status: 500, body: "refused ".repeat(40) };
  const { client } = dashboard.server;
  const { id, url } = await client.webhooks.create({
    url: `${receiver.url}?${"long".repeat(100)}`,
    events: ["job.failed", "job.succeeded", "sweep.failed"],
    description: "x".repeat(200),
  });
  await client.webhooks.test(id);
  await signIn(page, dashboard.server.key, "/webhooks");
  await page.getByRole("link", { name: url }).waitFor();
  expect(await violationsOf(page, "states/webhooks-long")).toEqual([]);
  await page.goto(`/webhooks/${id}`);
  const message = page.getByRole("link", { name: /^msg_/ });
  await message.waitFor();
  expect(await violationsOf(page, "states/webhook-long")).toEqual([]);
  await page.getByRole("button", { name: "Delete" }).click();
  expect(await violationsOf(page, "states/webhook-delete")).toEqual([]);
  await page.getByRole("button", { name: "Leave it" }).click();

  await message.click();
  await page.getByLabel("Attempts", { exact: true }).getByText("500").first().waitFor();
  expect(await violationsOf(page, "states/delivery-long")).toEqual([]);
  await page.setViewportSize({ width: 390, height: 800 });
  const answered = await page
    .getByText(/^refused refused/)
    .first()
    .boundingBox();
  expect(answered?.x).toBeGreaterThanOrEqual(0);
  expect((answered?.x ?? 0) + (answered?.width ?? 999)).toBeLessThanOrEqual(390);
  expect(faults).toEqual([]);
});

it("lets a key that may only read look, and says why the rest is not for it", async () => {
  const { page } = dashboard.open;
  const { key } = await dashboard.server.client.keys.create({ name: "reader", scopes: ["read"] });
  await signIn(page, key ?? "", "/webhooks");
  const button = page.getByRole("button", { name: "Add a webhook" });
  expect(await button.isDisabled()).toBe(true);
  await button.focus();
  await page.getByRole("tooltip").getByText("The key of this session may only read.").waitFor();
});

it("offers a key that did not make a webhook nothing that is refused, and no delivery of one that is disabled", async () => {
  const { page, faults } = dashboard.open;
  const { client } = dashboard.server;
  const { id } = await client.webhooks.create({ url: `${receiver.url}?of-another` });
  const { id: messageId } = await client.webhooks.test(id);
  const { key } = await client.keys.create({ name: "another", scopes: ["submit"] });
  await signIn(page, key ?? "", `/webhooks/${id}`);
  await page.getByRole("link", { name: messageId }).waitFor();
  for (const name of ["Send a test", "Change", "Disable", "Rotate the secret", "Delete"]) {
    expect(await page.getByRole("button", { name }).isDisabled()).toBe(true);
  }
  await page.getByRole("button", { name: "Rotate the secret" }).focus();
  await page.getByRole("tooltip").getByText("Another key made it").first().waitFor();
  expect(await violationsOf(page, "states/webhook-of-another")).toEqual([]);
  await page.getByRole("link", { name: messageId }).click();
  const redeliver = page.getByRole("button", { name: "Redeliver" });
  await expect.poll(() => redeliver.isDisabled()).toBe(true);

  await page.getByRole("button", { name: "Sign out" }).click();
  await client.webhooks.change(id, { state: "disabled" });
  await signIn(page, dashboard.server.key, `/webhooks/${id}/messages/${messageId}`);
  await expect.poll(() => redeliver.isDisabled()).toBe(true);
  await redeliver.focus();
  await page.getByText("It is disabled: enable it first.").waitFor();
  await client.webhooks.change(id, { state: "enabled" });
  await expect.poll(() => redeliver.isEnabled(), { timeout: 10_000 }).toBe(true);
  expect(faults).toEqual([]);
});

it("shows a body with the digits that are signed", async () => {
  const { page, faults } = dashboard.open;
  const { client, services } = dashboard.server;
  const { id } = await client.webhooks.create({ url: `${receiver.url}?digits` });
  const { id: messageId } = await client.webhooks.test(id);
  const body = '{"type":"webhook.test","psnr":30.0,"multiplyAdds":12345678901234567890}';
  await services.database.webhookMessage.update({ where: { id: messageId }, data: { body } });
  await signIn(page, dashboard.server.key, `/webhooks/${id}/messages/${messageId}`);
  const shown = page.getByRole("region", { name: "Body, as it is signed and sent" });
  await shown.getByText('"psnr": 30.0,').waitFor();
  await shown.getByText('"multiplyAdds": 12345678901234567890').waitFor();
  expect(faults).toEqual([]);
});
