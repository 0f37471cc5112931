import { describe, expect, it } from "vitest";
import { formatBytes, formatSeconds, groupDigits, withPrefix } from "./numbers.ts";
import { formatTable } from "./table.ts";

describe("numbers", () => {
  it("groups digits", () => expect(groupDigits(4804065)).toBe("4,804,065"));
  it.each([
    [999, "999"],
    [999.7, "1 K"],
    [235097, "235 K"],
    [109_920_000_000, "110 G"],
    [1.4e15, "1400 T"],
  ])("%d is %s", (value, text) => expect(withPrefix(value)).toBe(text));
  it.each([
    [12, "12 B"],
    [1023.9, "1 KiB"],
    [941056, "919 KiB"],
    [5 * 1024 ** 2, "5 MiB"],
  ])("%d bytes are %s", (value, text) => expect(formatBytes(value)).toBe(text));
  it.each([
    [4.2, "4 s"],
    [59.6, "1 min 00 s"],
    [3725, "1 h 02 min"],
  ])("%d s are %s", (value, text) => expect(formatSeconds(value)).toBe(text));
});

describe("formatTable", () => {
  it("aligns columns", () => {
    const table = formatTable(
      [{ title: "network" }, { title: "dB", align: "right" }],
      [
        ["café", "27.1"],
        ["original", "9"],
      ],
    );
    expect(table.split("\n")).toEqual(["network     dB", "────────  ────", "café      27.1", "original     9"]);
  });
});
