import { JOB_KINDS, JOB_STATES, type JobResource } from "@drc/contracts";
import type { JobFilter } from "@drc/sdk";
import { getRouteApi } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { JobLink } from "../../components/job-link.tsx";
import { Labels } from "../../components/labels.tsx";
import { Page } from "../../components/page.tsx";
import { JobStatus } from "../../components/progress-bar.tsx";
import { RecordList } from "../../components/record-list.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago, Lasting } from "../../components/time.tsx";
import { VerbMenu } from "../../components/verb-controls.tsx";
import { jobVerbs } from "../../components/verbs.ts";

const route = getRouteApi("/signed-in/jobs");

export function JobsPage() {
  const navigate = route.useNavigate();
  return (
    <Page title="Jobs">
      <RecordList
        what="job"
        states={JOB_STATES}
        kinds={JOB_KINDS}
        knowsEnds
        searchLabel="Name begins with, or identifier"
        search={route.useSearch()}
        goTo={(search) => navigate({ search })}
        read={(filter: JobFilter, page) => client.jobs.page(filter, page)}
        columns={COLUMNS}
        verbsOf={jobVerbs}
        empty="There is no job yet."
      />
    </Page>
  );
}

const SORTS = { created: "Created", ended: "Ended" } as const;

/** Sorts by it, and where the list is sorted so already turns it around. A page in the middle of another order means nothing. */
function SortHead({ by }: { by: keyof typeof SORTS }) {
  const { sort = "created", order } = route.useSearch();
  const navigate = route.useNavigate();
  const isSorted = sort === by;
  const oldestFirst = isSorted && order === "oldest";
  const turn = () =>
    navigate({
      search: (before) => ({
        ...before,
        sort: by === "ended" ? by : undefined,
        order: isSorted && !oldestFirst ? "oldest" : undefined,
        cursor: undefined,
      }),
    });
  const now = oldestFirst ? "Oldest first" : isSorted ? "Newest first" : "Not sorted by this";
  return (
    <button type="button" className="head-button" title={`${now}: sort`} onClick={turn}>
      {SORTS[by]} {isSorted && (oldestFirst ? "▲" : "▼")}
    </button>
  );
}

/** From its start to its end, pauses included; nothing while nothing works on it. */
function Took({ job: { state, startedAt, endedAt } }: { job: JobResource }) {
  const goesOn = state === "running" || state === "pausing" || state === "cancelling";
  return endedAt === null && !goesOn ? <>–</> : <Lasting from={startedAt} to={endedAt} />;
}

const COLUMNS: readonly Column<JobResource>[] = [
  { title: "State", as: "short", cell: ({ state }) => <StateBadge state={state} /> },
  {
    title: "Job",
    cell: (job) => (
      <>
        <JobLink id={job.id} name={job.name} />
        <Labels labels={job.labels} />
      </>
    ),
  },
  { title: "Kind", as: "short", cell: ({ kind }) => kind },
  { title: "Status", as: "wide", cell: (job) => <JobStatus job={job} /> },
  { title: "Priority", as: "number", cell: ({ priority }) => priority },
  {
    title: "Created",
    as: "number",
    head: <SortHead by="created" />,
    cell: ({ createdAt }) => <Ago at={createdAt} />,
  },
  { title: "Ended", as: "number", head: <SortHead by="ended" />, cell: ({ endedAt }) => <Ago at={endedAt} /> },
  { title: "Took", as: "number", cell: (job) => <Took job={job} /> },
  {
    title: "Actions",
    as: "short",
    head: <span className="visually-hidden">Actions</span>,
    cell: (job) => <VerbMenu what="job" id={job.id} name={job.name} priority={job.priority} verbs={jobVerbs(job)} />,
  },
];
