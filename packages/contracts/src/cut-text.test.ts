import { expect, it } from "vitest";
import { cutText } from "./cut-text.ts";

it("cuts what is too long, between characters", () => {
  expect(cutText("abcd", 4)).toBe("abcd");
  expect(cutText("abcde", 4)).toBe("abc…");
  expect(cutText("ab🎈de", 4)).toBe("ab…");
  expect(cutText("a🎈cde", 4)).toBe("a🎈…");
});
