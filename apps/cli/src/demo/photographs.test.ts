import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { PHOTOGRAPHS } from "./photograph-list.ts";
import { verifyPhotograph } from "./photographs.ts";

it("names for each photograph where it comes from and on what terms", () => {
  expect(new Set(PHOTOGRAPHS.map(({ name }) => name)).size).toBe(PHOTOGRAPHS.length);
  for (const { licence, source, sha256 } of PHOTOGRAPHS) {
    expect([licence.length > 2, source.length > 2, /^[0-9a-f]{64}$/.test(sha256)]).toEqual([true, true, true]);
  }
});

it("keeps photographs for the comparison that are not trained on", () => {
  const names = (use: string) => PHOTOGRAPHS.filter((photograph) => photograph.use === use).map(({ name }) => name);
  expect(names("train")).toHaveLength(6);
  expect(names("held-out")).toEqual(["coffee", "china", "chelsea"]);
});

it("refuses a file that is not the one of the list", () => {
  const bytes = Buffer.from("a photograph");
  const photograph = { ...PHOTOGRAPHS[0], sha256: createHash("sha256").update(bytes).digest("hex") };
  expect(() => verifyPhotograph(photograph, bytes)).not.toThrow();
  expect(() => verifyPhotograph(photograph, Buffer.from("another"))).toThrow(
    /astronaut\.png of scikit-image==0\.26\.0/,
  );
});
