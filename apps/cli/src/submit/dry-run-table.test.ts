import { expect, it } from "vitest";
import { formatDryRun } from "./dry-run-table.ts";

const job = { deviceClass: "cpu", spec: {}, steps: null, multiplyAdds: null, seconds: null } as const;

it("shows which job comes after which, and what is known of its cost", () => {
  const text = formatDryRun({
    dryRun: true,
    jobs: [
      { ...job, kind: "train", waitsFor: [], steps: 800, multiplyAdds: 1.5e12, seconds: 65 },
      { ...job, kind: "channel-search", waitsFor: [0] },
    ],
    seconds: null,
  });
  expect(text.split("\n")).toEqual([
    "#  job             device  after  steps  multiply-adds        time",
    "─  ──────────────  ──────  ─────  ─────  ─────────────  ──────────",
    "0  train           cpu              800          1.5 T  1 min 05 s",
    "1  channel-search  cpu     0                               unknown",
    "Times are those of such jobs that have run on this server; of some none has.",
    "Nothing was submitted.",
    "",
  ]);
});
