import type { JobKind, JobResource, Progress } from "@drc/contracts";
import { count, duration } from "./format.ts";
import { errorLine } from "./problem-text.ts";

/** How much of a whole is done, without words beside it. */
export function Bar({ label, done, of }: { label: string; done: number; of: number }) {
  const share = of === 0 ? 0 : Math.min(1, done / of);
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={of}
      aria-valuenow={done}
    >
      <div style={{ width: `${share * 100}%` }} />
    </div>
  );
}

interface ProgressBarProps {
  progress: Progress;
  label: string;
  /** Whether it goes on: then it says the time left, where that is known. */
  goesOn: boolean;
}

/** How far a stage is. */
export function ProgressBar({ progress, label, goesOn }: ProgressBarProps) {
  const { step, of, secondsLeft } = progress;
  return (
    <div className="progress">
      <Bar label={label} done={step} of={of} />
      <span className="progress-text">
        {count(step)} of {count(of)}
        {goesOn && secondsLeft !== undefined && `, ${duration(secondsLeft)} left`}
      </span>
    </div>
  );
}

/** Of other kinds progress counts images and the like. */
const STEPPED: readonly JobKind[] = ["train", "fine-tune"];

/** What there is to say of a job's state in one line: progress, why it waits, why it failed. */
export function JobStatus({ job }: { job: JobResource }) {
  const { kind, state, progress, error, stateReason, waitsFor, runAfter, parents } = job;
  switch (state) {
    case "blocked":
      return <>Waits for {parents.length === 1 ? "the job" : `${parents.length} jobs`} before it</>;
    case "queued":
      if (waitsFor !== null) return <span className="attention">{waitsFor}</span>;
      if (runAfter !== null) return <>Will be tried again{stateReason ? `: ${stateReason}` : ""}</>;
      return <>Waits for a slot of the class {job.deviceClass}</>;
    case "failed":
      return (
        <span className="clamp" title={error?.detail}>
          {error ? errorLine(error) : (stateReason ?? "")}
        </span>
      );
    case "cancelled":
      return <>{stateReason ?? ""}</>;
    case "succeeded":
      return <>{progress && STEPPED.includes(kind) ? `${count(progress.of)} steps` : ""}</>;
    case "running":
    case "pausing":
    case "paused":
    case "cancelling":
      if (!progress) return <>Starts</>;
      return (
        <ProgressBar progress={progress} label={`Progress of ${job.name ?? job.id}`} goesOn={state === "running"} />
      );
  }
}
