import { expect, it } from "vitest";
import { jsonText } from "./json-text.ts";

it("breaks lines as JSON.stringify does", () => {
  const value = { a: [], b: {}, c: [1, [2, { d: null }]], 'e, {f}: ["g"]': "h\\", i: true, j: -1.5e-7 };
  for (const one of [value, [], {}, "text", 1, null, [value, value]]) {
    expect(jsonText(JSON.stringify(one))).toBe(JSON.stringify(one, null, 2));
    expect(jsonText(JSON.stringify(one, null, 1))).toBe(JSON.stringify(one, null, 2));
  }
});

it("leaves numbers, escapes and repeated names as they are, and what is no JSON", () => {
  const digits = '{"a":1.0,"b":12345678901234567890,"c":"\\u00e9","a":1e3}';
  expect(jsonText(digits)).toBe('{\n  "a": 1.0,\n  "b": 12345678901234567890,\n  "c": "\\u00e9",\n  "a": 1e3\n}');
  expect(jsonText("no {JSON")).toBe("no {JSON");
});
