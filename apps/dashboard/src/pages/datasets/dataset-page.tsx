import { type DatasetFileItem, type DatasetUsageResource, isFinal } from "@drc/contracts";
import { Button, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { client } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { ConfirmButton } from "../../components/confirm-button.tsx";
import { bytes, count } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { RecordPage } from "../../components/record-page.tsx";
import { SelectionBar, useSelection } from "../../components/selection.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { useWhyNot } from "../../components/why-not.ts";
import { UploadPanel } from "./upload-panel.tsx";
import { VersionPanels } from "./version-panels.tsx";
import "../../components/form-group.css";
import "../../components/thumbnails.css";
import "./datasets.css";

export function DatasetPage() {
  const { datasetId } = useParams({ from: "/signed-in/datasets/$datasetId" });
  return <Dataset key={datasetId} datasetId={datasetId} />;
}

function Dataset({ datasetId }: { datasetId: string }) {
  const whyNot = useWhyNot("submit");
  const navigate = useNavigate();
  const dataset = useQuery({
    queryKey: ["datasets", datasetId],
    queryFn: ({ signal }) => client.datasets.get(datasetId, { signal }),
  });
  const onStored = useCallback(
    () => void queryClient.invalidateQueries({ queryKey: ["datasets", datasetId] }),
    [datasetId],
  );
  return (
    <RecordPage title="Dataset" query={dataset}>
      {({ name, files }) => (
        <Page
          title={name}
          actions={
            <ConfirmButton
              label="Delete"
              why={whyNot}
              run={() => client.datasets.delete(datasetId)}
              onDone={() => void navigate({ to: "/datasets", search: {} })}
            >
              The dataset <b>{name}</b> is deleted with all of its versions. Jobs that have ended keep their results.
            </ConfirmButton>
          }
        >
          <Stack gap="md">
            <UploadPanel datasetId={datasetId} onStored={onStored} />
            <VersionPanels datasetId={datasetId} files={files} />
            <Files datasetId={datasetId} />
            <Usage datasetId={datasetId} />
          </Stack>
        </Page>
      )}
    </RecordPage>
  );
}

/** A file as a row that can be chosen: in its dataset its name tells it from all others. */
type FileRow = DatasetFileItem & { id: string };

const FILES_PER_PAGE = 50;

function Files({ datasetId }: { datasetId: string }) {
  const whyNot = useWhyNot("submit");
  const files = useInfiniteQuery({
    queryKey: ["datasets", datasetId, "files"],
    queryFn: ({ pageParam, signal }) =>
      client.datasets.files(datasetId, { cursor: pageParam, limit: FILES_PER_PAGE, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
  const rows = useMemo(
    () => files.data?.pages.flatMap(({ items }) => items.map((file): FileRow => ({ ...file, id: file.name }))),
    [files.data],
  );
  const selection = useSelection(rows);
  const columns: Column<FileRow>[] = [
    selection.column,
    { title: "File", as: "wide", cell: ({ name }) => name },
    { title: "Size", as: "number", cell: ({ sizeBytes }) => bytes(sizeBytes) },
    { title: "Uploaded", as: "short", cell: ({ createdAt }) => <Ago at={createdAt} /> },
    {
      title: "Actions",
      head: <span className="visually-hidden">Actions</span>,
      as: "short",
      cell: ({ name }) => (
        <ConfirmButton
          label="Remove"
          aria-label={`Remove ${name}`}
          why={whyNot}
          run={() => client.datasets.deleteFile(datasetId, name)}
          onDone={() => void queryClient.invalidateQueries({ queryKey: ["datasets", datasetId] })}
        >
          {name} is removed from the dataset. Versions that were made with it keep it.
        </ConfirmButton>
      ),
    },
  ];
  return (
    <Panel title="Files" flush>
      <SelectionBar
        what="file"
        selection={selection}
        verbsOf={({ name }) => [
          {
            name: "Delete",
            impossible: null,
            run: () => client.datasets.deleteFile(datasetId, name).then(() => ({ id: name })),
          },
        ]}
      />
      {files.error && <Problem error={files.error} />}
      {rows && (
        <Table label="Files of the dataset" columns={columns} rows={rows} keyOf={({ id }) => id} empty="None yet." />
      )}
      {files.hasNextPage && (
        <Group p="sm">
          <Button
            variant="default"
            size="compact-sm"
            loading={files.isFetchingNextPage}
            onClick={() => void files.fetchNextPage()}
          >
            Show more
          </Button>
        </Group>
      )}
    </Panel>
  );
}

const REFRESH_MS = 2_000;
/** Jobs that are not there yet may read it at any time. */
const LONG_REFRESH_MS = 15_000;

type Use = DatasetUsageResource["jobs"][number];

const USES: readonly Column<Use>[] = [
  {
    title: "Job",
    as: "short",
    cell: ({ id, kind }) => (
      <Link to="/jobs/$jobId" params={{ jobId: id }}>
        {kind}
      </Link>
    ),
  },
  { title: "State", as: "short", cell: ({ state }) => <StateBadge state={state} /> },
  { title: "Version", as: "short", cell: ({ versions }) => versions.join(", ") },
  {
    title: "Of",
    as: "wide",
    cell: ({ compressionId, sweepId }) => {
      if (sweepId !== null) {
        return (
          <Link to="/sweeps/$sweepId" params={{ sweepId }}>
            a sweep
          </Link>
        );
      }
      if (compressionId === null) return "–";
      return (
        <Link to="/compressions/$compressionId" params={{ compressionId }}>
          a compression
        </Link>
      );
    },
  },
  { title: "Created", as: "short", cell: ({ createdAt }) => <Ago at={createdAt} /> },
];

function Usage({ datasetId }: { datasetId: string }) {
  const usage = useQuery({
    queryKey: ["datasets", datasetId, "usage"],
    queryFn: ({ signal }) => client.datasets.usage(datasetId, { signal }),
    refetchInterval: ({ state: { data } }) =>
      data?.jobs.every(({ state }) => isFinal(state)) ? LONG_REFRESH_MS : REFRESH_MS,
  });
  return (
    <Panel title="Used by" flush>
      <QueryView query={usage}>
        {({ jobs, searchedJobs }) => (
          <>
            <Table
              label="Jobs that read this dataset"
              columns={USES}
              rows={jobs}
              keyOf={({ id }) => id}
              empty="No job has read it."
            />
            <Text size="sm" c="dimmed" px="sm" pb="xs">
              The newest 100, among the newest {count(searchedJobs)} jobs of the server.
            </Text>
          </>
        )}
      </QueryView>
    </Panel>
  );
}
