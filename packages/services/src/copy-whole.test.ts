import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { copyWhole } from "./copy-whole.ts";

const folder = mkdtempSync(join(tmpdir(), "drc-copy-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("copies links so that they lead to the copy's own files", async () => {
  const [original, copy] = [join(folder, "original"), join(folder, "copy")];
  mkdirSync(original);
  writeFileSync(join(original, "library.so.60.2"), "code");
  symlinkSync("library.so.60.2", join(original, "library.so.60"));
  await copyWhole(original, copy);
  rmSync(original, { recursive: true });
  expect(readFileSync(join(copy, "library.so.60"), "utf8")).toBe("code");
});
