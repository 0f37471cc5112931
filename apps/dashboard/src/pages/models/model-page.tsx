import type { ModelCard, ModelResource } from "@drc/contracts";
import { Button, Group, SimpleGrid, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { ConfirmButton } from "../../components/confirm-button.tsx";
import { DatasetText } from "../../components/dataset-text.tsx";
import { bytes, count, counted, decibels, short } from "../../components/format.ts";
import { latencyColumns, measuredOn } from "../../components/latency.ts";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { RecordPage } from "../../components/record-page.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { Ago } from "../../components/time.tsx";
import { useWhyNot } from "../../components/why-not.ts";
import { LineageGraph } from "./lineage-graph.tsx";
import { networkBefore } from "./network-before.ts";
import { WidthsChart } from "./widths-chart.tsx";
import "../../components/form-group.css";
import "./models.css";

export function ModelPage() {
  const { modelId } = useParams({ from: "/signed-in/models/$modelId" });
  const model = useQuery({
    queryKey: ["models", modelId],
    queryFn: ({ signal }) => client.models.get(modelId, { signal }),
  });
  return (
    <RecordPage title="Model" query={model}>
      {(found) => <Model key={modelId} model={found} />}
    </RecordPage>
  );
}

function Model({ model }: { model: ModelResource }) {
  const { id, name } = model;
  const whyNot = useWhyNot("submit");
  const navigate = useNavigate();
  const card = useQuery({
    queryKey: ["models", id, "card"],
    queryFn: ({ signal }) => client.models.card(id, { signal }),
  });
  const before = useQuery({
    queryKey: ["models", id, "before"],
    queryFn: ({ signal }) => (card.data ? networkBefore(card.data, signal) : null),
    enabled: card.data !== undefined,
  });
  return (
    <Page
      title={name}
      actions={
        <Group gap="xs">
          {card.isPending || before.isLoading ? (
            <ActionButton variant="default" size="compact-sm" why="What it was made from is being read.">
              Compare
            </ActionButton>
          ) : (
            <Button
              variant="default"
              size="compact-sm"
              renderRoot={(props) => (
                <Link
                  to="/compare"
                  search={
                    before.data
                      ? { originalModel: before.data.modelId ?? undefined, compressedModel: id }
                      : { originalModel: id }
                  }
                  {...props}
                />
              )}
            >
              Compare
            </Button>
          )}
          <Button
            variant="default"
            size="compact-sm"
            renderRoot={(props) => <Link to="/submit" search={{ model: id }} {...props} />}
          >
            Compress
          </Button>
          <ConfirmButton
            label="Delete"
            why={whyNot}
            run={() => client.models.delete(id)}
            onDone={() => void navigate({ to: "/models", search: {} })}
          >
            The model <b>{name}</b> and its file are deleted. Jobs that have ended keep their results.
          </ConfirmButton>
        </Group>
      }
    >
      <Stack gap="md">
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <Panel title="Cost">
            <Facts model={model} />
          </Panel>
          <Panel title="Download">
            <Downloads id={id} name={name} />
          </Panel>
        </SimpleGrid>
        <QueryView query={card}>
          {(found) => (
            <>
              <Panel title="Quality" flush>
                <Table
                  label="Evaluations of this model"
                  columns={QUALITY}
                  rows={found.quality}
                  keyOf={({ jobId }) => jobId}
                  empty="Not evaluated yet."
                />
              </Panel>
              <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
                <Panel title="Where it comes from">
                  <LineageGraph card={found} />
                </Panel>
                <Panel title="Widths per layer">
                  <WidthsChart after={found.widths} before={before.data?.widths} />
                  {before.error && <Problem error={before.error} tryAgain={() => void before.refetch()} />}
                </Panel>
              </SimpleGrid>
            </>
          )}
        </QueryView>
      </Stack>
    </Page>
  );
}

function Facts({ model }: { model: ModelResource }) {
  const { id, architecture, scale, cost, dualNetworks, sizeBytes, sha256, originJobId, role, metrics, createdAt } =
    model;
  return (
    <dl className="facts">
      <dt>Identifier</dt>
      <dd className="mono">{id}</dd>
      <dt>Network</dt>
      <dd>
        {architecture}, ×{scale}
      </dd>
      <dt>Parameters</dt>
      <dd>{count(cost.parameters)}</dd>
      <dt>Multiply-adds, 1280×720 HR</dt>
      <dd>{short(cost.multiplyAddsHr1280x720)}</dd>
      <dt>Multiply-adds, 96×96 LR</dt>
      <dd>{short(cost.multiplyAddsLr96x96)}</dd>
      <dt>Validation PSNR</dt>
      <dd>{decibels(metrics.validationPsnr)}</dd>
      <dt>Dual networks</dt>
      <dd>{count(dualNetworks)}</dd>
      <dt>From</dt>
      <dd>
        {originJobId === null ? (
          role
        ) : (
          <Link to="/jobs/$jobId" params={{ jobId: originJobId }}>
            {role === "last" ? "a job, its last step" : "a job"}
          </Link>
        )}
        , <Ago at={createdAt} />
      </dd>
      <dt>File</dt>
      <dd>
        {bytes(sizeBytes)}
        {dualNetworks > 0 && `, with ${counted(dualNetworks, "dual network")}`}
      </dd>
      <dt>SHA-256</dt>
      <dd className="mono">{sha256}</dd>
    </dl>
  );
}

const FORMATS = [
  { format: "safetensors", label: "safetensors", about: "PyTorch names, with the dual networks" },
  { format: "onnx", label: "ONNX", about: "dynamic height and width" },
  { format: "tfjs", label: "TensorFlow.js", about: "a graph model for browsers, as zip" },
] as const;

function Downloads({ id, name }: { id: string; name: string }) {
  return (
    <dl className="facts">
      {FORMATS.map(({ format, label, about }) => (
        <Download key={format} href={`/v1/models/${id}/download?format=${format}`} label={label} about={about} />
      ))}
      <Download
        href={`/v1/models/${id}/card`}
        name={`${name} ${id}.md`}
        label="Model card"
        about="lineage and protocol, as Markdown"
      />
    </dl>
  );
}

function Download({ href, label, about, name = "" }: { href: string; label: string; about: string; name?: string }) {
  return (
    <>
      <dt>
        <a href={href} download={name}>
          {label}
        </a>
      </dt>
      <dd>{about}</dd>
    </>
  );
}

type Quality = ModelCard["quality"][number];

const QUALITY: readonly Column<Quality>[] = [
  {
    title: "Dataset",
    as: "short",
    cell: ({ dataset }) => <DatasetText {...dataset} />,
  },
  { title: "Images", as: "number", cell: ({ images }) => count(images) },
  { title: "PSNR", as: "number", cell: ({ psnr }) => decibels(psnr) },
  { title: "SSIM", as: "number", cell: ({ ssim }) => ssim?.toFixed(4) ?? "–" },
  ...latencyColumns<Quality>(({ latencyHr1280x720 }) => latencyHr1280x720),
  measuredOn<Quality>(({ latencyHr1280x720 }) => latencyHr1280x720),
  {
    title: "Job",
    as: "short",
    cell: ({ jobId }) => (
      <Link to="/jobs/$jobId" params={{ jobId }}>
        evaluation
      </Link>
    ),
  },
];
