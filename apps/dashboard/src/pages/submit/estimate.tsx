import type { DryRunResource } from "@drc/contracts";
import { ProblemError } from "@drc/sdk";
import { Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { count, duration, short } from "../../components/format.ts";
import { Table } from "../../components/table.tsx";

interface EstimateProps {
  missing: string | undefined;
  query: UseQueryResult<DryRunResource>;
  /** What is known is of the form as it was before. */
  isOld: boolean;
}

/** What would run, and for how long: the server's own answer to the request, without making anything. */
export function Estimate({ missing, query: { data, error }, isOld }: EstimateProps) {
  if (missing !== undefined) return <Text size="sm">{missing} Then the server says what would run.</Text>;
  if (error && !isOld) {
    const isRefused = error instanceof ProblemError && error.code === "VALIDATION_FAILED";
    return <Text size="sm">{isRefused ? "The server refuses this: see below." : "There is none now: see below."}</Text>;
  }
  if (!data) return <Text size="sm">Asking the server …</Text>;
  const kinds = groupJobs(data);
  return (
    <div aria-busy={isOld}>
      {isOld && <Text size="sm">Before the last change; asking the server …</Text>}
      <Text size="sm" mb="xs" role="status">
        {count(data.jobs.length)} {data.jobs.length === 1 ? "job" : "jobs"},{" "}
        {data.seconds === null
          ? "for how long is not known: no such jobs have run here yet."
          : `about ${duration(data.seconds)} one after the other.`}
      </Text>
      <Table
        label="What would run"
        rows={kinds}
        keyOf={({ kind }) => kind}
        columns={[
          { title: "Jobs", as: "number", cell: ({ jobs }) => count(jobs) },
          { title: "Kind", as: "short", cell: ({ kind }) => kind },
          { title: "Steps", as: "number", cell: ({ steps }) => count(steps) },
          { title: "Multiply-adds", as: "number", cell: ({ multiplyAdds }) => short(multiplyAdds) },
          { title: "Time", as: "number", cell: ({ seconds }) => duration(seconds) },
        ]}
      />
    </div>
  );
}

interface KindOfJobs {
  kind: string;
  jobs: number;
  steps: number | null;
  multiplyAdds: number | null;
  seconds: number | null;
}

/** A sweep has hundreds of jobs: they are told by their kinds. A sum with something unknown is unknown. */
function groupJobs({ jobs }: DryRunResource): KindOfJobs[] {
  const kinds = new Map<string, KindOfJobs>();
  for (const { kind, steps, multiplyAdds, seconds } of jobs) {
    const known = kinds.get(kind);
    const sum = (a: number | null | undefined, b: number | null) =>
      a === undefined ? b : a === null || b === null ? null : a + b;
    kinds.set(kind, {
      kind,
      jobs: (known?.jobs ?? 0) + 1,
      steps: sum(known?.steps, steps),
      multiplyAdds: sum(known?.multiplyAdds, multiplyAdds),
      seconds: sum(known?.seconds, seconds),
    });
  }
  return [...kinds.values()];
}
