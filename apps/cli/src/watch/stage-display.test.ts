import { PassThrough } from "node:stream";
import type { JobResource } from "@drc/contracts";
import { expect, it } from "vitest";
import { PlainDisplay, TerminalDisplay } from "./stage-display.ts";
import { formatStage, type StageView } from "./stage-view.ts";

function view(given: Partial<JobResource>, values: StageView["values"] = {}): StageView {
  const job = {
    id: "job",
    kind: "train",
    state: "running",
    spec: { targets: "images" },
    progress: null,
    error: null,
    startedAt: null,
    endedAt: null,
  };
  return { label: "train", job: { ...job, ...given } as JobResource, values };
}

const at = (step: number) => view({ progress: { stage: "train", step, of: 100, secondsLeft: 65 } });

it("shows step, loss, PSNR and the time left of a running stage", () => {
  const { job } = at(10);
  expect(formatStage({ label: "train", job, values: { loss: { value: 12.345, step: 10 } } }, 8)).toBe(
    "▸ train     10 of 100  1 min 05 s left  loss 12.35",
  );
});

it("says of which step a validation PSNR is where that is not the current one", () => {
  const { job } = at(10);
  const shown = (step: number) =>
    formatStage({ label: "train", job, values: { validationPsnr: { value: 27.1, step } } }, 5);
  expect(shown(10)).toBe("▸ train  10 of 100  1 min 05 s left  validation PSNR 27.10 dB");
  expect(shown(8)).toBe("▸ train  10 of 100  1 min 05 s left  validation PSNR 27.10 dB at step 8");
});

it.each([
  ["train", 80, "best validation PSNR 22.34 dB at step 80"],
  ["fine-tune", 80, "best validation PSNR 22.34 dB at step 80"],
  ["fine-tune", 0, "best validation PSNR 22.34 dB at step 0: fine-tuning gained nothing"],
] as const)("ends a %s whose best step was %i with the value of the model handed back", (kind, step, text) => {
  const progress = { stage: kind, step: 100, of: 100 };
  const ended = view(
    { kind, state: "succeeded", progress, result: { best: { step, psnr: 22.34 } } },
    { validationPsnr: { value: 21.32, step: 100 } },
  );
  expect(formatStage(ended, 5)).toBe(`✓ train  100 of 100  ${text}`);
});

it("says where a fine-tuning is validated against the original network's outputs", () => {
  const spec = { targets: { modelId: "mdl_1" } };
  const running = view({ kind: "fine-tune", spec }, { validationPsnr: { value: 41.5, step: 3 } });
  expect(formatStage(running, 5)).toBe("▸ train  starts  validation PSNR to the original's outputs 41.50 dB at step 3");
  const ended = view({ kind: "fine-tune", spec, state: "succeeded", result: { best: { step: 4, psnr: 42 } } });
  expect(formatStage(ended, 5)).toBe("✓ train  best validation PSNR to the original's outputs 42.00 dB at step 4");
});

it("shows the code and the reason of a failed stage", () => {
  const error = { code: "TRAINING_DIVERGED", title: "", detail: "The loss was not finite.", retryable: false } as const;
  expect(formatStage(view({ state: "failed", error }), 5)).toBe("✗ train  TRAINING_DIVERGED: The loss was not finite.");
});

it("prints off a terminal a line for each tenth and for the end, not for each step", () => {
  const stream = new PassThrough();
  const display = new PlainDisplay(stream);
  for (const step of [1, 2, 3, 11, 12]) display.update([at(step)]);
  display.update([view({ state: "succeeded", progress: { stage: "train", step: 100, of: 100 } })]);
  expect(String(stream.read()).trim().split("\n")).toHaveLength(3);
});

it("rewrites its lines on a terminal, cut to its width", () => {
  const stream = Object.assign(new PassThrough(), { columns: 20 });
  const display = new TerminalDisplay(stream as unknown as NodeJS.WriteStream);
  display.update([at(1)]);
  display.update([at(2)]);
  const [first, second] = String(stream.read()).split("\n");
  expect(first).toBe("\r▸ train  1 of 100  \x1b[K");
  expect(second.startsWith("\x1b[1A\r▸ train  2")).toBe(true);
});
