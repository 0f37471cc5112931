/** The comparison of two networks on an image of the user's: from the file to the pictures, in a real browser. */
import { encodePng } from "@drc/imaging";
import { createModel, encodeModel } from "@drc/network";
import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { photograph } from "../../../test/photographs.ts";
import { violationsOf } from "./support/axe.ts";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";
import { chooseImage, chooseRecord, compare, comparedJobs } from "./support/steps.ts";

const dashboard = useDashboard();
let original: string;
let compressed: string;
let photo: Buffer;

beforeAll(async () => {
  await dashboard.server.startWorker();
  const upload = async (name: string, features: number) => {
    const file = new Uint8Array(encodeModel(createModel({ scale: 4, blocks: 1, features, seed: 1 })));
    return (await dashboard.server.client.models.upload({ name: `${name}.safetensors`, data: file }, { name })).id;
  };
  original = await upload("before <b>it</b>", 8);
  compressed = await upload("after", 4);
  photo = await encodePng(photograph(3, 192, 128));
});

async function startFrom(page: Page): Promise<void> {
  await page.goto(`/compare?originalModel=${original}&compressedModel=${compressed}`);
  await chooseImage(page, "my <i>photo</i>.png", photo);
}

it("compares two networks and bicubic on an HR image of one's own", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/compare");
  expect(await page.getByRole("button", { name: "Compare" }).isDisabled()).toBe(true);
  await startFrom(page);
  expect(await violationsOf(page, "states/compare-form")).toEqual([]);
  const numbers = await compare(page, dashboard.server);
  const jobs = comparedJobs(page);
  expect(await numbers.textContent()).toContain("Y of BT.601");

  const slider = page.getByRole("slider");
  await slider.waitFor();
  const position = async () => Number(await slider.getAttribute("aria-valuenow"));
  const before = await position();
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(position).toBeGreaterThan(before);

  // One view for all: what is zoomed and moved in one window is so in the others.
  const transform = (window: string) =>
    page.getByRole("group", { name: window }).locator("canvas").first().getAttribute("style");
  const picture = page.getByRole("group", { name: "Picture with a slider" });
  await picture.focus();
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await page.keyboard.press("ArrowRight");
  const moved = await transform("Picture with a slider");
  expect(moved).toMatch(/translate\(-\d/);
  expect(await transform("Difference map")).toBe(moved);
  const crops = page.getByRole("region", { name: "Crops" });
  const from = await crops.textContent();
  await page.getByRole("button", { name: "Where they differ most" }).click();
  await expect.poll(() => crops.textContent()).not.toBe(from);
  expect(await crops.locator("figure").count()).toBe(5);

  const difference = page.getByRole("region", { name: "Difference map" });
  expect(await difference.textContent()).toMatch(/\|Original − Compressed\|: \d+\.\d\d gray levels/);
  await page.getByLabel("Gain").selectOption("25");
  expect(await difference.textContent()).toContain("Shown 25 times stronger");
  await page.getByLabel("Right", { exact: true }).selectOption("hr");
  expect(await difference.textContent()).toContain("|Original − HR image|");
  await page.getByLabel("Right", { exact: true }).selectOption("original");
  await page.getByText("Left and right are the same picture").waitFor();
  await page.getByLabel("Right", { exact: true }).selectOption("compressed");

  await page.getByRole("button", { name: "1×" }).click();
  await page.getByText("100 %", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.getByRole("button", { name: "Fit" }).click();
  await page.evaluate("scrollTo(0, 0)");
  expect(await violationsOf(page, "states/compare")).toEqual([]);

  // What cannot be read just now is told, asked for again, and then not read a third time.
  let reads = 0;
  const images = "**/versions/1/images?*";
  await page.route(images, (route) => (reads++ === 0 ? route.fulfill({ status: 500 }) : route.continue()));
  await page.reload();
  await crops.waitFor();
  expect(await crops.locator("figure").count()).toBe(3);
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => crops.locator("figure").count()).toBe(5);
  expect(await page.getByRole("alert").count()).toBe(0);
  await page.unroute(images);

  // The same image again: nothing is computed twice, and the address has all that is needed.
  await startFrom(page);
  await compare(page, dashboard.server);
  expect(comparedJobs(page)).toEqual(jobs);
  expect(faults).toEqual([]);
});

it("says that an LR image has no PSNR, and shows it enlarged", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/compare");
  await startFrom(page);
  await page.getByText("An LR image: it is made 4 times larger").click();
  await page.getByRole("button", { name: "Compare" }).click();
  const numbers = page.getByRole("region", { name: "In numbers" });
  await numbers.waitFor({ timeout: 120_000 });
  expect(await numbers.textContent()).toContain("There is no PSNR");
  await page.getByText("768×512 pixels").waitFor();
  expect(await page.getByRole("region", { name: "Crops" }).locator("figcaption").allTextContents()).toEqual([
    "Original",
    "Compressed",
    "Bicubic",
    "LR image",
  ]);
  expect(await violationsOf(page, "states/compare-lr")).toEqual([]);
  expect(faults).toEqual([]);
});

it("takes an image of a dataset, and says why one cannot be read", async () => {
  const { page, faults } = dashboard.open;
  const { id } = await dashboard.server.client.datasets.create({ name: "photographs <u>1</u>" });
  const files = [1, 2].map(async (seed) => ({ name: `${seed}.png`, data: await encodePng(photograph(seed, 64, 64)) }));
  await dashboard.server.client.datasets.upload(id, await Promise.all(files));
  const { version } = await dashboard.server.client.datasets.createVersion(id, { scale: 2 });
  await dashboard.server.client.datasets.waitForVersion({ datasetId: id, version });
  await signIn(page, dashboard.server.key, "/compare");
  await startFrom(page);
  await page.getByText("An image of a dataset").click();
  await chooseRecord(page, "Dataset", id);
  await page.getByRole("button", { name: "2.png" }).click();
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByText("64×64 pixels").waitFor({ timeout: 120_000 });

  await startFrom(page);
  await chooseImage(page, "page.png", Buffer.from("<html></html>"));
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByRole("alert").waitFor({ timeout: 60_000 });
  expect(await page.getByRole("alert").textContent()).toMatch(/PNG, JPEG, WebP, TIFF or GIF/);
  expect(faults).toEqual([]);
});

it("finds every model of the server, and tells those of one name apart", async () => {
  const { page, faults } = dashboard.open;
  const { database } = dashboard.server.services;
  // As sweeps leave them; those of the tests above become the oldest.
  await database.$executeRaw`
    INSERT INTO "Model" (id, name, sha256, architecture, scale, graph, "dualNetworks", cost, role, metrics, "createdAt")
    SELECT 'mdl_' || lpad(i::text, 20, '0'), 'drn-xs', sha256, architecture, scale, graph, "dualNetworks", cost, 'best',
      jsonb_build_object('validationPsnr', 27 + i / 100.0), clock_timestamp() + i * interval '1 second'
    FROM "Model", generate_series(1, 300) AS i WHERE id = ${compressed}`;
  await signIn(page, dashboard.server.key, "/compare");
  const menu = page.getByRole("combobox", { name: "Original", exact: true });
  await menu.fill("BEFORE");
  await page.getByRole("option", { name: "before <b>it</b>" }).click();
  expect(await menu.inputValue()).toMatch(/^before <b>it<\/b> · ×4 · .* parameters · …\w{5}$/);

  await page.getByRole("combobox", { name: "Compressed", exact: true }).fill("drn");
  const options = page.getByRole("listbox").getByRole("option");
  await options.getByText("There are more: type a part of the name").waitFor();
  await expect.poll(() => options.count()).toBe(51);
  const details = (await options.allTextContents()).slice(0, 50);
  expect(new Set(details).size).toBe(50);
  for (const detail of details) {
    expect(detail).toMatch(
      /^drn-xs×4 · [\d,]+ parameters \(\d\d\.\d % removed\) · \d\d\.\d\d dB in validation · 20\d\d-.* · …\w{5}$/,
    );
  }
  expect(await violationsOf(page, "states/compare-menu")).toEqual([]);
  await chooseRecord(page, "Compressed", "mdl_00000000000000000007");
  const [first, second] = [await menu.inputValue(), "…00007"];
  await page.getByRole("button", { name: "Swap the two" }).click();
  await expect.poll(() => menu.inputValue()).toContain(second);
  expect(await page.getByRole("combobox", { name: "Compressed", exact: true }).inputValue()).toBe(first);
  await page.getByRole("status").getByText("Choose an image.").waitFor();
  await page.getByRole("combobox", { name: "Original", exact: true }).fill("nobody");
  await page.getByText("Nothing has this in its name").waitFor();
  expect(faults).toEqual([]);
});
