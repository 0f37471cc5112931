import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listImagesBelow } from "./image-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drc-images-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("names the link below a folder of pairs that leads nowhere, and not the folder", async () => {
  await mkdir(join(folder, "HR"));
  await writeFile(join(folder, "HR/1.png"), "");
  expect(await listImagesBelow(folder, "--data")).toEqual([join(folder, "HR/1.png")]);
  await symlink(join(folder, "unmounted"), join(folder, "HR/LR"));
  await expect(listImagesBelow(folder, "--data")).rejects.toThrow(
    `--data: ${join(folder, "HR/LR")} cannot be read (there is no such file or folder); mend or remove this file or link`,
  );
  const missing = join(folder, "missing");
  await expect(listImagesBelow(missing, "--data")).rejects.toThrow(
    /missing cannot be read .*; give a folder of images$/,
  );
});
