import { type CompressionResource, compressionState } from "@drc/contracts";
import type { CompressionFilter } from "@drc/sdk";
import { getRouteApi, Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { percent } from "../../components/format.ts";
import { CompressionLink } from "../../components/job-link.tsx";
import { Labels } from "../../components/labels.tsx";
import { Page } from "../../components/page.tsx";
import { RecordList } from "../../components/record-list.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { VerbMenu } from "../../components/verb-controls.tsx";
import { compressionVerbs } from "../../components/verbs.ts";
import { budgetOf } from "./compression-body.ts";
import { NetworkText } from "./network-text.tsx";

const route = getRouteApi("/signed-in/compressions");

export function CompressionsPage() {
  const navigate = route.useNavigate();
  return (
    <Page title="Compressions">
      <RecordList
        what="compression"
        states={compressionState.options}
        search={route.useSearch()}
        goTo={(search) => navigate({ search })}
        read={(filter: CompressionFilter, page) => client.compressions.page(filter, page)}
        columns={COLUMNS}
        verbsOf={compressionVerbs}
        empty={
          <>
            There is no compression yet. <Link to="/submit">Submit one</Link>
          </>
        }
      />
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
        <Labels labels={labels} />
      </>
    ),
  },
  { title: "Network", as: "short", cell: ({ body }) => <NetworkText body={body} /> },
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
