import type { BackendResource, RuntimeInfo } from "@drc/contracts";
import { childEnvironment } from "./child-environment.ts";
import { type ChildProgram, JobChild } from "./job-child.ts";
import type { Slot } from "./slots.ts";

/** Loading the CUDA libraries from a cold disk takes a while. */
const ANSWER_WITHIN_MS = 180_000;

export interface BackendProbe {
  answer: Promise<BackendResource>;
  /** Ends it early. */
  kill(): void;
}

/** Tries the native backend on a slot's device, in a process like those of the jobs. Never rejects. */
export function probeBackend(program: ChildProgram, environment: NodeJS.ProcessEnv, slot: Slot): BackendProbe {
  const { deviceClass, gpuId, threads } = slot;
  if (deviceClass === "none") throw new Error("A slot without a device has no backend.");
  let runtime: RuntimeInfo | undefined;
  const child = new JobChild(
    program,
    childEnvironment(environment, { device: deviceClass, gpuId, threads }),
    (report) => {
      if (report.type === "ready") runtime = report.runtime;
    },
  );
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill();
  }, ANSWER_WITHIN_MS);
  child.run({ type: "probe", device: deviceClass, threads });
  const answer = child.end.then((end): BackendResource => {
    clearTimeout(timer);
    if (runtime) return { state: "works", deviceClass, runtime };
    if (late) return failed(`It did not load within ${ANSWER_WITHIN_MS / 1000} s.`);
    if (end.type === "error") return failed(end.error.detail);
    return failed(end.type === "crashed" ? end.detail : "Its process ended without an answer.");
  });
  const failed = (detail: string): BackendResource => ({ state: "failed", deviceClass, detail });
  return { answer, kill: () => child.kill() };
}
