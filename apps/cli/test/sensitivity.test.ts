/** `drc sensitivity` as a process: how much each layer matters. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createModel, encodeModel, prunableGroups } from "@drc/network";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildPrograms, drc } from "./support/drc.ts";
import { pictureFolder } from "./support/pictures.ts";
import { makeWorkplace, type Workplace } from "./support/server.ts";

const model = createModel({ blocks: 1, features: 8, scale: 2, seed: 3 });
const groups = prunableGroups(model.primal.graph);

let workplace: Workplace;
let given: string[];

beforeAll(async () => {
  await buildPrograms();
  workplace = await makeWorkplace();
  const file = join(workplace.path, "model.safetensors");
  await writeFile(file, encodeModel(model));
  await pictureFolder(join(workplace.path, "hr"), [1, 2, 3], 64);
  given = ["sensitivity", file, "--images", join(workplace.path, "hr"), "--threads", "2"];
});
afterAll(() => workplace.remove());

it("prints an aligned line for each layer, and how well prediction and measurement agree", async () => {
  const { code, stdout } = await drc([...given, "--shares", "0.5"]);
  expect(code).toBe(0);
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(/^layer +channels +−50 %: predicted +loss +PSNR$/);
  const rows = lines.slice(2, 2 + groups.length);
  rows.forEach((row, i) => {
    expect(row.split(/ {2,}/).slice(0, 2)).toEqual([groups[i].name, String(groups[i].width)]);
  });
  expect(new Set([lines[0], ...rows].map((line) => [...line].length)).size).toBe(1);
  expect(stdout).toMatch(/whole: loss [\d.]+ \(L_P \+ 0.1 L_D\), PSNR [\d.]+ dB to the HR images/);
  expect(stdout).toContain(`−50 %, ${groups.length} points: loss `);
});

it("prints the same as JSON and as comma-separated values", async () => {
  const json = JSON.parse((await drc([...given, "--json"])).stdout);
  const { stdout } = await drc([...given, "--csv"]);
  const [header, ...lines] = stdout.trimEnd().split("\n");
  expect(header).toBe("layer,channels,share,kept,predicted_rise,loss_rise,psnr_loss_db,loss,psnr_db");
  expect(lines).toHaveLength(3 * groups.length);
  const [layer] = json.layers;
  const [point] = layer.points;
  const { share, width, predictedRise, lossRise, psnrLoss, measured } = point;
  expect(lines[0]).toBe(
    [layer.layer, layer.width, share, width, predictedRise, lossRise, psnrLoss, measured.loss, measured.psnr].join(),
  );
});

it.each([
  ["a share of 1", ["--shares", "0.5,1"], /numbers between 0 and 1/],
  ["a guide that needs HR images", ["--lr-only", "--guide", "dual"], /--guide: dual reads images above/],
  ["two forms at once", ["--json", "--csv"], /cannot be used with/],
])("refuses %s", async (_, options, message) => {
  const { code, errors } = await drc([...given, ...options]);
  expect(code).toBe(2);
  expect(errors.join("\n")).toMatch(message);
});
