import { isFinal, type SweepPointResource, type SweepStage } from "@drc/contracts";
import { useQuery } from "@tanstack/react-query";
import { client } from "../../api/client.ts";
import { counted } from "../../components/format.ts";
import { SweepLink } from "../../components/job-link.tsx";
import { Panel } from "../../components/panel.tsx";
import { Stages } from "../../components/pipeline.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { STAGE_NAMES } from "../sweeps/point-job.ts";

const REFRESH_MS = 2_000;

interface PointStagesProps {
  sweepId: string;
  jobId: string;
}

/** Of a job of a sweep: the stages of its point, or where points share the job, of the first of them. */
export function PointStages({ sweepId, jobId }: PointStagesProps) {
  const point = useQuery({
    queryKey: ["sweeps", sweepId, "point of", jobId],
    queryFn: async ({ signal }) => {
      const { name, points } = await client.sweeps.get(sweepId, { signal });
      const its = points.filter(({ stages }) => Object.values(stages).includes(jobId));
      return { name, first: its[0], points: its.length };
    },
    // Which jobs a point has never changes, and a sweep has many points.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const stages = useQuery({
    queryKey: ["jobs", "of a point", sweepId, point.data?.first?.number],
    queryFn: ({ signal }) => stagesOf(point.data?.first, signal),
    enabled: point.data !== undefined,
    refetchInterval: ({ state: { data } }) => (data?.every(({ job }) => isFinal(job.state)) ? false : REFRESH_MS),
  });
  return (
    <QueryView query={point}>
      {({ name, first, points }) => (
        <Panel
          title={`Stages of point ${first?.number ?? "–"}${points > 1 ? `, which shares this job with ${counted(points - 1, "other")}` : ""}`}
          aside={<SweepLink id={sweepId} name={name} />}
        >
          <QueryView query={stages}>{(known) => <Stages stages={known} current={jobId} />}</QueryView>
        </Panel>
      )}
    </QueryView>
  );
}

function stagesOf(point: SweepPointResource | undefined, signal: AbortSignal) {
  const stages = (Object.keys(STAGE_NAMES) as SweepStage[]).flatMap((stage) => {
    const id = point?.stages[stage];
    return id === undefined ? [] : [{ label: STAGE_NAMES[stage], id }];
  });
  return Promise.all(stages.map(async ({ label, id }) => ({ label, job: await client.jobs.get(id, { signal }) })));
}
