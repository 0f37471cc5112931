import type { ModelResource } from "@drc/contracts";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { bytes, decibels, short } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { PagedTable } from "../../components/paged-table.tsx";
import { usePaging } from "../../components/pager.tsx";
import { Panel } from "../../components/panel.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";

const COLUMNS: readonly Column<ModelResource>[] = [
  {
    title: "Model",
    as: "wide",
    cell: ({ id, name }) => (
      <Link to="/models/$modelId" params={{ modelId: id }}>
        {name}
      </Link>
    ),
  },
  { title: "Scale", as: "short", cell: ({ scale }) => `×${scale}` },
  { title: "Parameters", as: "number", cell: ({ cost }) => short(cost.parameters) },
  { title: "Multiply-adds, 1280×720", as: "number", cell: ({ cost }) => short(cost.multiplyAddsHr1280x720) },
  { title: "Validation PSNR", as: "number", cell: ({ metrics }) => decibels(metrics.validationPsnr) },
  { title: "File", as: "number", cell: ({ sizeBytes }) => bytes(sizeBytes) },
  {
    title: "From",
    as: "short",
    cell: ({ originJobId, role }) =>
      originJobId === null ? (
        role
      ) : (
        <Link to="/jobs/$jobId" params={{ jobId: originJobId }}>
          {role === "last" ? "a job, last step" : "a job"}
        </Link>
      ),
  },
  { title: "Created", as: "short", cell: ({ createdAt }) => <Ago at={createdAt} /> },
];

export function ModelsPage() {
  const { cursor } = useSearch({ from: "/signed-in/models" });
  const navigate = useNavigate({ from: "/models" });
  const paging = usePaging(cursor, (next) => void navigate({ search: { cursor: next } }));
  const query = useQuery({
    queryKey: ["models", "list", cursor],
    queryFn: ({ signal }) => client.models.page({}, { cursor, limit: 50, signal }),
  });
  return (
    <Page title="Models">
      <Panel title="Models, newest first" flush>
        <PagedTable
          label="Models"
          query={query}
          paging={paging}
          columns={COLUMNS}
          empty="None yet: training, compression and uploads make them."
        />
      </Panel>
    </Page>
  );
}
