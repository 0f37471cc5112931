import { JOB_KINDS, JOB_STATES, type JobResource } from "@drc/contracts";
import { getRouteApi } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { JobLink } from "../../components/job-link.tsx";
import { Page } from "../../components/page.tsx";
import { PagedTable } from "../../components/paged-table.tsx";
import { usePaging } from "../../components/pager.tsx";
import { JobStatus } from "../../components/progress-bar.tsx";
import { useRecordList } from "../../components/record-list.ts";
import { SelectionBar } from "../../components/selection.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago, Lasting } from "../../components/time.tsx";
import { VerbMenu } from "../../components/verb-controls.tsx";
import { jobVerbs } from "../../components/verbs.ts";
import { JobFilters } from "./job-filters.tsx";
import { createdAfterOf, type JobSearch } from "./job-search.ts";

const route = getRouteApi("/signed-in/jobs");

export function JobsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { cursor, ...filter } = search;
  const paging = usePaging(cursor, (next) => navigate({ search: (before) => ({ ...before, cursor: next }) }));
  const { query, selection, columns } = useRecordList<JobResource>(
    ["jobs", "list", search],
    (page) => client.jobs.page(apiFilter(filter), { cursor, ...page }),
    COLUMNS,
  );
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
        <section className="panel" aria-label="Jobs">
          <SelectionBar what="job" selection={selection} verbsOf={jobVerbs} />
          <PagedTable
            label="Jobs"
            query={query}
            paging={paging}
            columns={columns}
            oldestFirst={filter.order === "oldest"}
            empty="No job is as the filter says."
          />
        </section>
      </div>
    </Page>
  );
}

/** Turns the order around; a page in the middle of the other order means nothing. */
function CreatedHead() {
  const { order } = route.useSearch();
  const navigate = route.useNavigate();
  const oldestFirst = order === "oldest";
  return (
    <button
      type="button"
      className="head-button"
      title={oldestFirst ? "Oldest first: show the newest first" : "Newest first: show the oldest first"}
      onClick={() =>
        navigate({ search: (before) => ({ ...before, order: oldestFirst ? undefined : "oldest", cursor: undefined }) })
      }
    >
      Created {oldestFirst ? "▲" : "▼"}
    </button>
  );
}

function apiFilter({ state, kind, label, within, search, order }: JobSearch) {
  return { state, kind, label, search, order, createdAfter: createdAfterOf(within) };
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
  { title: "Created", as: "number", head: <CreatedHead />, cell: ({ createdAt }) => <Ago at={createdAt} /> },
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
