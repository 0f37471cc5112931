import type { CompressionResource } from "@drc/contracts";
import { getRouteApi, Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { percent } from "../../components/format.ts";
import { CompressionLink } from "../../components/job-link.tsx";
import { Page } from "../../components/page.tsx";
import { PagedTable } from "../../components/paged-table.tsx";
import { usePaging } from "../../components/pager.tsx";
import { useRecordList } from "../../components/record-list.ts";
import { SelectionBar } from "../../components/selection.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { VerbMenu } from "../../components/verb-controls.tsx";
import { compressionVerbs } from "../../components/verbs.ts";
import { budgetOf, networkOf } from "./compression-body.ts";

const route = getRouteApi("/signed-in/compressions");

export function CompressionsPage() {
  const { cursor, label } = route.useSearch();
  const navigate = route.useNavigate();
  const paging = usePaging(cursor, (next) => navigate({ search: { label, cursor: next } }));
  const { query, selection, columns } = useRecordList<CompressionResource>(
    ["compressions", "list", label, cursor],
    (page) => client.compressions.page({ label }, { cursor, ...page }),
    COLUMNS,
  );
  return (
    <Page title="Compressions">
      <section className="panel" aria-label="Compressions">
        <SelectionBar what="compression" selection={selection} verbsOf={compressionVerbs} />
        <PagedTable
          label="Compressions"
          query={query}
          paging={paging}
          columns={columns}
          empty={
            <>
              There is no compression yet. <Link to="/submit">Submit one</Link>
            </>
          }
        />
      </section>
    </Page>
  );
}

const COLUMNS: readonly Column<CompressionResource>[] = [
  { title: "State", as: "short", cell: ({ state }) => <StateBadge state={state} /> },
  {
    title: "Compression",
    as: "wide",
    cell: ({ id, name, labels }) => (
      <>
        <CompressionLink id={id} name={name} />
        {labels.length > 0 && <div className="dimmed small">{labels.join(" ")}</div>}
      </>
    ),
  },
  { title: "Network", as: "short", cell: ({ body }) => networkOf(body) },
  { title: "To remove", as: "number", cell: ({ body }) => percent(budgetOf(body)?.remove) },
  { title: "Of", as: "short", cell: ({ body }) => budgetOf(body)?.name },
  { title: "Created", as: "number", cell: ({ createdAt }) => <Ago at={createdAt} /> },
  {
    title: "Actions",
    as: "short",
    head: <span className="visually-hidden">Actions</span>,
    cell: (compression) => (
      <VerbMenu what="compression" id={compression.id} name={compression.name} verbs={compressionVerbs(compression)} />
    ),
  },
];
