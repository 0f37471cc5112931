import { type EvaluateResult, type EvaluateSpec, isFinal, type JobDetailResource } from "@drc/contracts";
import { Alert, NativeSelect, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { Table } from "../../components/table.tsx";
import { ComparedImage } from "./compared-image.tsx";
import { ComparisonFacts } from "./comparison-facts.tsx";
import { type Evaluation, ROLES, type Role } from "./evaluation.ts";
import type { ComparisonJobs } from "./start-comparison.ts";

const POLL_EVERY_MS = 1_000;

interface ComparisonProps {
  jobs: Partial<ComparisonJobs>;
  image?: string;
}

/** Evaluations of one image or of several: how far they are, and then what came out of them. */
export function Comparison({ jobs, image }: ComparisonProps) {
  const original = useEvaluation(jobs.original);
  const compressed = useEvaluation(jobs.compressed);
  const bicubic = useEvaluation(jobs.bicubic);
  const asked = { original, compressed, bicubic };
  const roles = (Object.keys(ROLES) as Role[]).filter((role) => jobs[role] !== undefined);
  const found = roles.flatMap((role) => {
    const job = asked[role].data;
    return job ? [{ role, job }] : [];
  });
  const evaluations = found.flatMap(({ role, job }): Evaluation[] => {
    if (job.state !== "succeeded") return [];
    const spec = job.spec as unknown as EvaluateSpec;
    return [{ role, job, spec, result: job.result as unknown as EvaluateResult }];
  });
  const errors = roles.flatMap((role) => asked[role].error ?? []);
  const isWhole = evaluations.length === roles.length;
  return (
    <Stack gap="md">
      {errors.map((error) => (
        <Problem key={String(error)} error={error} />
      ))}
      {!isWhole && <Progress jobs={found} />}
      {isWhole && evaluations.length > 0 && <Compared evaluations={evaluations} image={image} />}
    </Stack>
  );
}

function useEvaluation(id: string | undefined) {
  return useQuery({
    queryKey: ["jobs", id],
    queryFn: ({ signal }) => client.jobs.get(id ?? "", { signal }),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (state.data && isFinal(state.data.state) ? false : POLL_EVERY_MS),
  });
}

function Progress({ jobs }: { jobs: readonly { role: Role; job: JobDetailResource }[] }) {
  return (
    <Panel title="Working on it" flush>
      <Table
        label="The evaluations and how far they are"
        rows={jobs}
        keyOf={({ role }) => role}
        columns={[
          {
            title: "What",
            as: "short",
            cell: ({ role, job }) => (
              <Link to="/jobs/$jobId" params={{ jobId: job.id }}>
                {ROLES[role]}
              </Link>
            ),
          },
          { title: "State", as: "short", cell: ({ job }) => <StateBadge state={job.state} /> },
          {
            title: "How far",
            as: "wide",
            cell: ({ job: { state, progress, waitsFor, stateReason, error } }) => {
              if (error) return error.detail;
              if (state === "running")
                return progress ? `${progress.stage}, ${progress.step} of ${progress.of}` : "has begun";
              return waitsFor ?? stateReason ?? (state === "queued" ? "waits for its turn" : "–");
            },
          },
        ]}
      />
    </Panel>
  );
}

function Compared({ evaluations, image }: { evaluations: readonly Evaluation[]; image?: string }) {
  const navigate = useNavigate({ from: "/compare" });
  const [{ spec, result }] = evaluations;
  const { datasetId, version } = spec.dataset;
  if (evaluations.some(({ spec: { dataset } }) => dataset.datasetId !== datasetId || dataset.version !== version)) {
    return <Alert color="red" variant="outline" title="These evaluations are of different images" />;
  }
  const names = result.images.map(({ name }) => name);
  const chosen = image !== undefined && names.includes(image) ? image : names[0];
  const kept = evaluations.every(({ result: { images } }) => images.every(({ artifact }) => artifact !== undefined));
  return (
    <>
      {names.length > 1 && (
        <NativeSelect
          label="Image"
          maw={400}
          value={chosen}
          data={names}
          onChange={({ currentTarget: { value } }) =>
            void navigate({ search: (old) => ({ ...old, image: value }), replace: true })
          }
        />
      )}
      <ComparisonFacts evaluations={evaluations} image={chosen} />
      {kept ? (
        <ComparedImage key={chosen} evaluations={evaluations} image={chosen} />
      ) : (
        <Alert color="orange" variant="outline" title="These evaluations kept no images">
          Their numbers are above. To see pictures, ask for evaluations with <code>keepImages</code>, or compare on an
          image from here.
        </Alert>
      )}
    </>
  );
}
