import type { JobState } from "@drc/contracts";

/** What a state means to who reads it; the colours in styles.css go by this. */
const TONES = {
  blocked: "waiting",
  queued: "waiting",
  running: "running",
  pausing: "attention",
  paused: "attention",
  cancelling: "attention",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "waiting",
} as const satisfies Record<JobState, string>;

/** A state of a job or compression: its word, and a dot in the colour of its meaning. */
export function StateBadge({ state }: { state: JobState }) {
  return <Tone tone={TONES[state]}>{state}</Tone>;
}

/** Any other word with such a dot. */
export function Tone({ tone, children }: { tone: (typeof TONES)[JobState]; children: string }) {
  return (
    <span className="state" data-tone={tone}>
      {children}
    </span>
  );
}
