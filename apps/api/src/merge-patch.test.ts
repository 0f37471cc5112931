import { expect, it } from "vitest";
import { mergePatch } from "./merge-patch.ts";

it("merges objects, removes by null and replaces everything else", () => {
  const target = { a: { b: 1, c: [1, 2] }, d: "x", e: 0 };
  expect(mergePatch(target, { a: { c: [3], f: { g: 1 } }, d: null })).toEqual({
    a: { b: 1, c: [3], f: { g: 1 } },
    e: 0,
  });
  expect(target).toEqual({ a: { b: 1, c: [1, 2] }, d: "x", e: 0 });
  expect(mergePatch({ a: "text" }, { a: { b: null, c: 1 } })).toEqual({ a: { c: 1 } });
  expect(mergePatch({ a: 1 }, [2])).toEqual([2]);
});

it("keeps a key named __proto__ a key", () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
  expect(Object.keys(merged as object)).toEqual(["__proto__"]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});
