import { expect, it } from "vitest";
import { detailBeside, errorLine } from "./problem-text.ts";

const title = "The request is not valid";

it("says nothing twice", () => {
  const field = { pointer: "/budget/remove", detail: "1.5 is not usable." };
  const refused = (detail: string, errors = [field]) => detailBeside({ title, detail, errors });
  expect(refused("The body is not valid: /budget/remove: 1.5 is not usable.")).toBeNull();
  expect(refused("The body is not valid: /budget/remove: 1.5 is not usable. (and 2 more)")).toBeNull();
  expect(refused("/budget/remove: 1.5 is not usable.")).toBeNull();
  expect(refused("1.5 is not usable")).toBeNull();
  expect(refused("The request is not valid.", [])).toBeNull();
  expect(errorLine({ title: "The job failed", detail: "The job failed." })).toBe("The job failed");
});

it("keeps what only the detail says", () => {
  const file = { file: "a.png", detail: "a.png: it is no image" };
  const detail = "2 of 5 files cannot be used: a.png: it is no image; and 1 more.";
  expect(detailBeside({ title, detail, errors: [file] })).toBe("2 of 5 files cannot be used.");
  expect(detailBeside({ title, detail: "Two jobs read it.", errors: [file] })).toBe("Two jobs read it.");
  expect(detailBeside({ title, detail: "Two jobs read it." })).toBe("Two jobs read it.");
  expect(errorLine({ title: "The job failed", detail: "No space." })).toBe("The job failed: No space.");
});
