import type { DatasetResource } from "@drc/contracts";
import { Group, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { client } from "../../api/client.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { count } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { PagedTable } from "../../components/paged-table.tsx";
import { usePaging } from "../../components/pager.tsx";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
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

export function DatasetsPage() {
  const { cursor } = useSearch({ from: "/signed-in/datasets" });
  const navigate = useNavigate({ from: "/datasets" });
  const paging = usePaging(cursor, (next) => void navigate({ search: { cursor: next } }));
  const query = useQuery({
    queryKey: ["datasets", "list", cursor],
    queryFn: ({ signal }) => client.datasets.page({}, { cursor, limit: 50, signal }),
  });
  return (
    <Page title="Datasets">
      <Panel title="New dataset">
        <NewDataset />
      </Panel>
      <div className="below">
        <Panel title="Datasets, newest first" flush>
          <PagedTable
            label="Datasets"
            query={query}
            paging={paging}
            columns={COLUMNS}
            empty="None yet. Name one above, and drop images on its page."
          />
        </Panel>
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
