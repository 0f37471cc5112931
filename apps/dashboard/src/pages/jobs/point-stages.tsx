import { isFinal } from "@drc/contracts";
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
  const query = useQuery({
    queryKey: ["sweeps", sweepId, "stages", jobId],
    queryFn: async ({ signal }) => {
      const { points, name } = await client.sweeps.get(sweepId, { signal });
      const its = points.filter(({ stages }) => Object.values(stages).includes(jobId));
      const [first] = its;
      const names = (Object.keys(STAGE_NAMES) as (keyof typeof STAGE_NAMES)[]).flatMap((stage) => {
        const id = first?.stages[stage];
        return id === undefined ? [] : [{ label: STAGE_NAMES[stage], id }];
      });
      const stages = await Promise.all(
        names.map(async ({ label, id }) => ({ label, job: await client.jobs.get(id, { signal }) })),
      );
      return { name, points: its.length, number: first?.number, stages };
    },
    refetchInterval: ({ state: { data } }) =>
      data?.stages.every(({ job }) => isFinal(job.state)) ? false : REFRESH_MS,
  });
  return (
    <QueryView query={query}>
      {({ name, points, number, stages }) => (
        <Panel
          title={`Stages of point ${number ?? "–"}${points > 1 ? `, which shares this job with ${counted(points - 1, "other")}` : ""}`}
          aside={<SweepLink id={sweepId} name={name} />}
        >
          <Stages stages={stages} current={jobId} />
        </Panel>
      )}
    </QueryView>
  );
}
