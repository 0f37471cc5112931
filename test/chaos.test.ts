import { expect, it } from "vitest";
import { runChaos } from "./chaos/run.ts";

/** A short form of `npm run chaos`; what it prints says what was done to the server. */
it("loses no job, runs none twice and changes no bit while its parts are killed (field cases 10, 43, 45, 48, 60)", {
  timeout: 900_000,
}, async () => {
  const lines: string[] = [];
  const report = await runChaos({ minutes: 0.75, seed: 20, compressions: 2, log: (line) => lines.push(line) });
  expect(report.faults, lines.join("\n")).toEqual([]);
  expect(Object.keys(report.injected).length).toBeGreaterThan(3);
  expect(report.compared).toBeGreaterThanOrEqual(2);
  expect(report.interrupted).toBeGreaterThan(0);
  expect(report.webhookEvents).toBeGreaterThan(report.jobs);
});
