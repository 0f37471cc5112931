import { expect, it } from "vitest";
import { SealError, SecretBox } from "./secret-box.ts";

const box = new SecretBox("a1".repeat(32));

it("gives back what it sealed, to the same owner, under the same key", () => {
  const sealed = box.seal("whsec_secret", "whe_1");
  expect(box.open(sealed, "whe_1")).toBe("whsec_secret");
  expect(sealed).not.toContain("secret");
  expect(box.seal("whsec_secret", "whe_1")).not.toBe(sealed);
  expect(() => box.open(sealed, "whe_2")).toThrow(SealError);
  expect(() => new SecretBox("a2".repeat(32)).open(sealed, "whe_1")).toThrow(SealError);
});

it("notices what was changed or is nothing of its own", () => {
  const sealed = box.seal("text", "owner");
  const last = sealed.at(-2) === "A" ? "B" : "A";
  for (const wrong of ["", "v1", "v1.AAAA", `v2${sealed.slice(2)}`, `${sealed.slice(0, -2)}${last}${sealed.at(-1)}`]) {
    expect(() => box.open(wrong, "owner")).toThrow(SealError);
  }
});

it.each(["", "a1", "g1".repeat(32), "a1".repeat(33)])("refuses the key %j", (key) => {
  expect(() => new SecretBox(key)).toThrow("64 hexadecimal digits");
});
