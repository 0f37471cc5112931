import type { CompressionDetailResource, CompressionStages, JobResource } from "@drc/contracts";
import { Link } from "@tanstack/react-router";
import { JobStatus } from "./progress-bar.tsx";
import { StateBadge } from "./state-badge.tsx";
import { Lasting } from "./time.tsx";

/** In the order in which they run; the evaluations run beside each other. */
const STAGES: readonly (readonly [keyof CompressionStages, string])[] = [
  ["train", "Train"],
  ["search", "Search channels"],
  ["prune", "Prune"],
  ["fineTune", "Fine-tune"],
  ["evaluateOriginal", "Evaluate original"],
  ["evaluateCompressed", "Evaluate compressed"],
  ["evaluateBicubic", "Evaluate bicubic"],
];

/** The stages of a compression, each a link to its job. */
export function Pipeline({ compression, current }: { compression: CompressionDetailResource; current?: string }) {
  const jobs = new Map(compression.jobs.map((job) => [job.id, job]));
  const stages = STAGES.flatMap(([stage, label]) => {
    const job = jobs.get(compression.stages[stage] ?? "");
    return job ? [{ label, job }] : [];
  });
  return <Stages stages={stages} current={current} />;
}

interface StagesProps {
  /** In the order of the work. */
  stages: readonly { label: string; job: JobResource }[];
  /** The job whose page it is. */
  current?: string;
}

/** Jobs that follow each other, each with a link and its state. */
export function Stages({ stages, current }: StagesProps) {
  return (
    <ol className="pipeline" aria-label="Stages">
      {stages.map(({ label, job }) => (
        <Stage key={job.id} label={label} job={job} isCurrent={job.id === current} />
      ))}
    </ol>
  );
}

function Stage({ label, job, isCurrent }: { label: string; job: JobResource; isCurrent: boolean }) {
  return (
    <li data-current={isCurrent}>
      <div className="stage-head">
        <Link to="/jobs/$jobId" params={{ jobId: job.id }} aria-current={isCurrent ? "page" : undefined}>
          {label}
        </Link>
        <StateBadge state={job.state} />
      </div>
      <div className="stage-body small dimmed">
        {job.state === "succeeded" ? (
          <>
            in <Lasting from={job.startedAt} to={job.endedAt} />
          </>
        ) : (
          <JobStatus job={job} />
        )}
      </div>
    </li>
  );
}
