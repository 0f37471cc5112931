import { JOB_KINDS, JOB_STATES, type JobResource, type Page as PageOf } from "@drc/contracts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { JobLink } from "../../components/job-link.tsx";
import { Page } from "../../components/page.tsx";
import { Pager, usePaging } from "../../components/pager.tsx";
import { JobStatus } from "../../components/progress-bar.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { Ago, Lasting } from "../../components/time.tsx";
import { VerbMenu } from "../../components/verb-controls.tsx";
import { jobVerbs } from "../../components/verbs.ts";
import { JobFilters } from "./job-filters.tsx";
import { createdAfterOf, type JobSearch } from "./job-search.ts";

const REFRESH_MS = 3_000;
const ROWS = 50;
const route = getRouteApi("/signed-in/jobs");

export function JobsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { cursor, ...filter } = search;
  const paging = usePaging(cursor, (next) => navigate({ search: (before) => ({ ...before, cursor: next }) }));
  const jobs = useQuery({
    queryKey: ["jobs", "list", search],
    queryFn: ({ signal }): Promise<PageOf<JobResource>> =>
      client.jobs.page(apiFilter(filter), { cursor, limit: ROWS, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
  return (
    <Page title="Jobs">
      <div className="stack">
        <JobFilters
          states={JOB_STATES}
          kinds={JOB_KINDS}
          search={filter}
          onChange={(changes) => {
            paging.reset();
            void navigate({ search: { ...filter, ...changes, cursor: undefined } });
          }}
        />
        <QueryView query={jobs}>
          {({ items, nextCursor }) => (
            <section className="panel" aria-label="Jobs" aria-busy={jobs.isPlaceholderData}>
              <Table
                label="Jobs"
                columns={COLUMNS}
                rows={items}
                keyOf={({ id }) => id}
                empty="No job is as the filter says."
              />
              <Pager paging={paging} next={nextCursor} rows={items.length} />
            </section>
          )}
        </QueryView>
      </div>
    </Page>
  );
}

function apiFilter({ state, kind, label, within, search }: JobSearch) {
  return { state, kind, label, search, createdAfter: createdAfterOf(within) };
}

const COLUMNS: readonly Column<JobResource>[] = [
  { title: "State", as: "short", cell: ({ state }) => <StateBadge state={state} /> },
  {
    title: "Job",
    cell: (job) => (
      <>
        <JobLink id={job.id} name={job.name} />
        {job.labels.length > 0 && <div className="dimmed small">{job.labels.join(" ")}</div>}
      </>
    ),
  },
  { title: "Kind", as: "short", cell: ({ kind }) => kind },
  { title: "Status", as: "wide", cell: (job) => <JobStatus job={job} /> },
  { title: "Priority", as: "number", cell: ({ priority }) => priority },
  { title: "Created", as: "number", cell: ({ createdAt }) => <Ago at={createdAt} /> },
  {
    title: "Ran for",
    as: "number",
    cell: ({ startedAt, endedAt }) => <Lasting from={startedAt} to={endedAt} />,
  },
  {
    title: "Actions",
    as: "short",
    head: <span className="visually-hidden">Actions</span>,
    cell: (job) => <VerbMenu what="job" id={job.id} name={job.name} priority={job.priority} verbs={jobVerbs(job)} />,
  },
];
