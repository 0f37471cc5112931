import type { JobResource } from "@drc/contracts";
import { expect, it } from "vitest";
import { describeEnd } from "./make-dataset.ts";

it("an ingest that ended before it judged the files says how, and why where that is known", () => {
  const end = (given: Partial<JobResource>) =>
    describeEnd({ id: "job_1", error: null, stateReason: null, ...given } as JobResource);
  expect(end({ state: "cancelled" })).toBe("Its ingest job job_1 ended as cancelled.");
  const error = { code: "STORE_UNAVAILABLE", detail: "The store does not answer." } as unknown as JobResource["error"];
  expect(end({ state: "failed", error })).toBe("Its ingest job job_1 ended as failed: The store does not answer.");
  expect(end({ state: "failed", stateReason: "Its worker died." })).toMatch(/ended as failed: Its worker died\.$/);
});
