import type { SweepPointState, SweepState } from "@drc/contracts";
import { Tone } from "../../components/state-badge.tsx";

const TONES = {
  waiting: "waiting",
  running: "running",
  paused: "attention",
  succeeded: "succeeded",
  stopped: "attention",
  failed: "failed",
  cancelled: "waiting",
} as const satisfies Record<SweepState | SweepPointState, string>;

/** The state of a sweep or of one of its points. */
export function SweepStateBadge({ state }: { state: SweepState | SweepPointState }) {
  return <Tone tone={TONES[state]}>{state}</Tone>;
}
