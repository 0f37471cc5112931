import type { ModelResource } from "@drc/contracts";
import type { ModelFilter } from "@drc/sdk";
import { getRouteApi, Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { bytes, decibels, short } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { RecordList } from "../../components/record-list.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { modelVerbs } from "../../components/verbs.ts";
import { UploadModel } from "./upload-model.tsx";

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

const route = getRouteApi("/signed-in/models");

export function ModelsPage() {
  const navigate = route.useNavigate();
  return (
    <Page title="Models">
      <div className="stack">
        <UploadModel />
        <RecordList
          what="model"
          narrowed={{ label: "Show", all: "all", some: "only final ones", by: { stage: "final" } }}
          search={route.useSearch()}
          goTo={(search) => navigate({ search })}
          read={(filter: ModelFilter, page) => client.models.page(filter, page)}
          columns={COLUMNS}
          verbsOf={modelVerbs}
          empty="None yet: training and compression make them too."
        />
      </div>
    </Page>
  );
}
