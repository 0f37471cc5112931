import type { JobDetailResource } from "@drc/contracts";
import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { client } from "../../api/client.ts";
import { count, counted, dateTime, duration } from "../../components/format.ts";
import { JobLink } from "../../components/job-link.tsx";
import { ProblemBox } from "../../components/problem.tsx";
import { useNow } from "../../components/time.tsx";

/** Field case 49: the error of the newest attempt comes first. */
export function JobError({ job: { state, error, stateReason, attemptHistory } }: { job: JobDetailResource }) {
  if (state === "cancelled") {
    return (
      <Alert variant="outline" color="gray" title="Cancelled">
        {stateReason ?? "It was cancelled."}
      </Alert>
    );
  }
  const [newest] = attemptHistory;
  if (state === "failed" && error) {
    const { title, detail, errors, retryable } = error;
    return (
      <ProblemBox title={title} detail={detail} errors={errors}>
        <div className="small">
          {retryable
            ? `It was tried ${times(attemptHistory.length)}; what is wrong may pass: retry it.`
            : "The same again would fail again: clone it with changes."}
        </div>
      </ProblemBox>
    );
  }
  // An attempt that was lost, of a job that is tried again.
  if (newest?.reason && newest.outcome !== null && newest.outcome !== "succeeded" && state !== "succeeded") {
    return (
      <Alert variant="outline" color="orange" title={`Attempt ${newest.number}: ${newest.outcome}`}>
        {newest.reason}
      </Alert>
    );
  }
  return null;
}

/** What a job that does not run waits for. */
export function WhyItWaits({ job }: { job: JobDetailResource }) {
  switch (job.state) {
    case "blocked":
      return (
        <Alert variant="outline" color="gray" title="Waits for other jobs">
          It begins when these have succeeded:{" "}
          {job.parents.map((id, i) => (
            <span key={id}>
              {i > 0 && ", "}
              <JobLink id={id} />
            </span>
          ))}
        </Alert>
      );
    case "queued":
      return <Queued job={job} />;
    case "paused":
      return (
        <Alert variant="outline" color="orange" title="Paused">
          {job.checkpointStep === null
            ? "It begins when it is resumed."
            : `When it is resumed it goes on from its checkpoint at step ${count(job.checkpointStep)}.`}
        </Alert>
      );
    case "pausing":
    case "cancelling":
      return (
        <Alert variant="outline" color="orange" title={job.state === "pausing" ? "Pausing" : "Being cancelled"}>
          It stops after the step that it is at, with a checkpoint.
        </Alert>
      );
    default:
      return null;
  }
}

function Queued({ job: { deviceClass, waitsFor, runAfter, stateReason } }: { job: JobDetailResource }) {
  const now = useNow();
  const { data: overview } = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => client.server.overview({ signal }),
    refetchInterval: 3_000,
  });
  if (waitsFor !== null) {
    return (
      <Alert variant="outline" color="orange" title="Nobody can run it">
        {waitsFor}
      </Alert>
    );
  }
  if (runAfter !== null && Date.parse(runAfter) > now) {
    return (
      <Alert
        variant="outline"
        color="orange"
        title={`Will be tried again in ${duration((Date.parse(runAfter) - now) / 1000)}`}
      >
        {stateReason ?? "The last attempt was lost."} Not before {dateTime(runAfter)}.
      </Alert>
    );
  }
  const slots =
    overview?.workers.flatMap((worker) => worker.slots).filter((slot) => slot.deviceClass === deviceClass) ?? [];
  const busy = slots.filter(({ job }) => job !== null).length;
  const queued = (overview?.queue ?? []).reduce(
    (sum, one) => sum + (one.deviceClass === deviceClass ? one.jobs : 0),
    0,
  );
  const device = deviceClass === "none" ? "without a device" : `of the class ${deviceClass}`;
  return (
    <Alert variant="outline" color="gray" title="Waits for a slot">
      {overview
        ? `${busy} of ${counted(slots.length, "slot")} ${device} ${busy === 1 ? "is" : "are"} busy; ${counted(queued, "job")} ${queued === 1 ? "is" : "are"} queued, this one included. API keys take turns; of the jobs of one key those of a higher priority go first.`
        : `It needs a slot ${device}.`}
    </Alert>
  );
}

function times(value: number): string {
  return value === 1 ? "once" : `${value} times`;
}
