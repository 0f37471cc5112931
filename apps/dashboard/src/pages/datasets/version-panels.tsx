import type { DatasetVersionResource, FieldError, Scale } from "@drc/contracts";
import { Button, Group, List, NativeSelect, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { client } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { ConfirmButton } from "../../components/confirm-button.tsx";
import { count } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Tone } from "../../components/state-badge.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { THUMBNAILS, useDatasetImages } from "../../components/use-dataset-images.ts";
import { useWhyNot } from "../../components/why-not.ts";
import { WindowButtons } from "../../components/window-buttons.tsx";
import { noteText, withoutFile } from "./note-text.ts";

const POLL_EVERY_MS = 1_000;
const TONES = { ingesting: "running", ready: "succeeded", failed: "failed" } as const;

/** The versions of a dataset, the form for another one, and what is in the one that is looked at. */
export function VersionPanels({ datasetId, files }: { datasetId: string; files: number }) {
  const whyNot = useWhyNot("submit");
  const [looked, setLooked] = useState<number | null>(null);
  const versions = useQuery({
    queryKey: ["datasets", datasetId, "versions"],
    queryFn: ({ signal }) => client.datasets.versions(datasetId, { signal }),
    refetchInterval: ({ state }) => (state.data?.some((one) => one.state === "ingesting") ? POLL_EVERY_MS : false),
  });
  const shown = versions.data?.find(({ version }) => version === looked) ?? versions.data?.[0];
  const columns: Column<DatasetVersionResource>[] = [
    {
      title: "Version",
      as: "short",
      cell: ({ version }) => (
        <Button
          variant={version === shown?.version ? "filled" : "default"}
          size="compact-sm"
          aria-pressed={version === shown?.version}
          aria-label={`Version ${version}`}
          onClick={() => setLooked(version)}
        >
          {version}
        </Button>
      ),
    },
    { title: "State", as: "short", cell: ({ state }) => <Tone tone={TONES[state]}>{state}</Tone> },
    { title: "Scale", as: "number", cell: ({ scale }) => `×${scale}` },
    { title: "Files are", as: "short", cell: ({ content }) => CONTENTS[content] },
    { title: "Images", as: "number", cell: ({ images }) => count(images) },
    { title: "Refused", as: "number", cell: ({ badFiles }) => count(badFiles.length) },
    {
      title: "Created",
      as: "wide",
      cell: ({ createdAt, ingestJobId }) => (
        <>
          <Ago at={createdAt} />,{" "}
          <Link to="/jobs/$jobId" params={{ jobId: ingestJobId }}>
            ingest
          </Link>
        </>
      ),
    },
    {
      title: "Actions",
      head: <span className="visually-hidden">Actions</span>,
      as: "short",
      cell: ({ version }) => (
        <ConfirmButton
          label="Delete"
          aria-label={`Delete version ${version}`}
          why={whyNot}
          run={() => client.datasets.deleteVersion({ datasetId, version })}
          onDone={() => void queryClient.invalidateQueries({ queryKey: ["datasets", datasetId] })}
        >
          Its number is not given again. The files of the dataset stay.
        </ConfirmButton>
      ),
    },
  ];
  return (
    <>
      <Panel title="Versions" flush>
        <QueryView query={versions}>
          {(listed) => (
            <Table
              label="Versions of the dataset"
              columns={columns}
              rows={listed}
              keyOf={({ version }) => String(version)}
              empty="None yet: a version is what jobs read, and never changes."
            />
          )}
        </QueryView>
        <NewVersion datasetId={datasetId} files={files} onCreated={setLooked} />
      </Panel>
      {shown && <VersionContent key={shown.version} of={shown} />}
    </>
  );
}

const CONTENTS = { hr: "HR images", pairs: "pairs", lr: "LR images alone" } as const;

function NewVersion({
  datasetId,
  files,
  onCreated,
}: {
  datasetId: string;
  files: number;
  onCreated(version: number): void;
}) {
  const whyNot = useWhyNot("submit");
  const [scale, setScale] = useState("4");
  const [content, setContent] = useState("hr");
  const [onBadFile, setBadFile] = useState("fail");
  const creating = useMutation({
    mutationFn: () =>
      client.datasets.createVersion(datasetId, {
        scale: Number(scale) as Scale,
        content: content as DatasetVersionResource["content"],
        onBadFile: onBadFile as DatasetVersionResource["onBadFile"],
      }),
    onSuccess: async ({ version }) => {
      await queryClient.invalidateQueries({ queryKey: ["datasets", datasetId] });
      onCreated(version);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    creating.mutate();
  };
  const why = whyNot ?? (files === 0 ? "Upload files first." : null);
  return (
    <form onSubmit={submit} className="panel-body">
      <Group gap="sm" align="end">
        <NativeSelect
          label="Scale"
          size="xs"
          value={scale}
          data={[2, 4, 8].map((value) => ({ value: String(value), label: `×${value}` }))}
          onChange={({ currentTarget }) => setScale(currentTarget.value)}
        />
        <NativeSelect
          label="The files are"
          size="xs"
          value={content}
          data={Object.entries(CONTENTS).map(([value, label]) => ({ value, label }))}
          onChange={({ currentTarget }) => setContent(currentTarget.value)}
        />
        <NativeSelect
          label="A bad file"
          size="xs"
          value={onBadFile}
          data={[
            { value: "fail", label: "refuses the version" },
            { value: "skip", label: "is left out" },
          ]}
          onChange={({ currentTarget }) => setBadFile(currentTarget.value)}
        />
        <ActionButton type="submit" size="xs" loading={creating.isPending} why={why}>
          Make a version
        </ActionButton>
      </Group>
      {creating.error && <Problem error={creating.error} />}
    </form>
  );
}

const REPORTED: readonly Column<FieldError>[] = [
  { title: "File", cell: ({ file, pointer }) => file ?? pointer ?? "" },
  {
    title: "Why",
    as: "wide",
    cell: (finding) => (
      <>
        {withoutFile(finding)} <code className="dimmed small">{finding.code}</code>
      </>
    ),
  },
];

const SHOWN_NOTES = 100;

function VersionContent({ of }: { of: DatasetVersionResource }) {
  const { version, state, badFiles, notes, noteCounts, images } = of;
  return (
    <>
      {badFiles.length > 0 && (
        <Panel title={`Refused files of version ${version}`} flush>
          <Table
            label="Refused files"
            columns={REPORTED}
            rows={badFiles}
            keyOf={({ file, code, detail }) => `${file} ${code} ${detail}`}
          />
          <Text size="sm" c="dimmed" px="sm" pb="xs">
            {state === "failed"
              ? "The version was refused for them. Remove or replace these files, or make a version that leaves bad files out."
              : "They were left out."}
          </Text>
        </Panel>
      )}
      {notes.length > 0 && (
        <Panel title={`Notes on version ${version}`} flush>
          <div className="panel-body">
            <List size="sm" mb="xs">
              {Object.entries(noteCounts).map(([code, files]) => (
                <List.Item key={code}>{noteText(code, files)}</List.Item>
              ))}
            </List>
            <details className="form-group">
              <summary>Each of them</summary>
              <Table
                label="Notes"
                columns={REPORTED}
                rows={notes.slice(0, SHOWN_NOTES)}
                keyOf={({ file, code, detail }) => `${file} ${code} ${detail}`}
              />
              {notes.length > SHOWN_NOTES && (
                <Text size="sm">
                  The first {SHOWN_NOTES} of {count(notes.length)}.
                </Text>
              )}
            </details>
          </div>
        </Panel>
      )}
      {state === "ready" && images > 0 && <Images of={of} />}
    </>
  );
}

function Images({ of: { datasetId, version, images, content } }: { of: DatasetVersionResource }) {
  const [after, setAfter] = useState(0);
  const query = useDatasetImages({ datasetId, version }, after);
  const size = content === "lr" ? "lr" : "hr";
  return (
    <Panel title={`Images of version ${version}`}>
      <QueryView query={query}>
        {(listed) => (
          <Stack gap="sm">
            <ul className="thumbnails">
              {listed.map(({ number, name, width, height }) => (
                <li key={number}>
                  <a
                    className="thumbnail"
                    href={`/v1/datasets/${datasetId}/versions/${version}/images/${number}?size=${size}`}
                    download={name}
                  >
                    <img
                      src={`/v1/datasets/${datasetId}/versions/${version}/images/${number}?size=${size}&side=160`}
                      alt=""
                      loading="lazy"
                    />
                    <span>{name}</span>
                    <span>
                      {width}×{height}
                    </span>
                  </a>
                </li>
              ))}
            </ul>
            {images > THUMBNAILS && (
              <Group gap="xs">
                <WindowButtons after={after} length={THUMBNAILS} total={images} onChange={setAfter} />
                <Text size="sm" c="dimmed">
                  {after + 1} to {Math.min(images, after + THUMBNAILS)} of {count(images)}
                </Text>
              </Group>
            )}
          </Stack>
        )}
      </QueryView>
    </Panel>
  );
}
