import type { DatasetResource } from "@drc/contracts";
import type { DatasetFilter } from "@drc/sdk";
import { Group, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { client } from "../../api/client.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { count } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { RecordList } from "../../components/record-list.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { datasetVerbs } from "../../components/verbs.ts";
import { useWhyNot } from "../../components/why-not.ts";
import "./datasets.css";

const COLUMNS: readonly Column<DatasetResource>[] = [
  {
    title: "Dataset",
    as: "wide",
    cell: ({ id, name }) => (
      <Link to="/datasets/$datasetId" params={{ datasetId: id }}>
        {name}
      </Link>
    ),
  },
  { title: "Files", as: "number", cell: ({ files }) => count(files) },
  { title: "Versions", as: "number", cell: ({ versions }) => count(versions) },
  { title: "Created", as: "short", cell: ({ createdAt }) => <Ago at={createdAt} /> },
];

const route = getRouteApi("/signed-in/datasets");

export function DatasetsPage() {
  const navigate = route.useNavigate();
  return (
    <Page title="Datasets">
      <div className="stack">
        <Panel title="New dataset">
          <NewDataset />
        </Panel>
        <RecordList
          what="dataset"
          narrowed={{
            label: "Show",
            all: "all",
            some: "without comparisons",
            by: { comparisons: "without" },
          }}
          search={route.useSearch()}
          goTo={(search) => navigate({ search })}
          read={(filter: DatasetFilter, page) => client.datasets.page(filter, page)}
          columns={COLUMNS}
          verbsOf={datasetVerbs}
          empty="None yet. Name one above, and drop images on its page."
        />
      </div>
    </Page>
  );
}

function NewDataset() {
  const whyNot = useWhyNot("submit");
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const creating = useMutation({
    mutationFn: () => client.datasets.create({ name }),
    onSuccess: ({ id }) => navigate({ to: "/datasets/$datasetId", params: { datasetId: id } }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    creating.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group gap="sm" align="end">
        <TextInput
          label="Name"
          placeholder="photographs"
          required
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <ActionButton
          type="submit"
          loading={creating.isPending}
          why={whyNot ?? (name.trim() === "" ? "Name it first." : undefined)}
        >
          Create
        </ActionButton>
      </Group>
      {creating.error && <Problem error={creating.error} />}
    </form>
  );
}
