import type { DatasetVersionResource, ModelResource, Scale } from "@drc/contracts";
import { Button, FileInput, Group, Radio, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { client } from "../../api/client.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { DatasetPicker } from "../../components/dataset-picker.tsx";
import { counted } from "../../components/format.ts";
import { ModelPicker } from "../../components/model-picker.tsx";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { JobStatus } from "../../components/progress-bar.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { MODELS, useRecord } from "../../components/records.ts";
import { THUMBNAILS, useDatasetImages } from "../../components/use-dataset-images.ts";
import { useLeaving } from "../../components/use-leaving.ts";
import { useWhyNot } from "../../components/why-not.ts";
import { WindowButtons } from "../../components/window-buttons.tsx";
import type { CompareSearch } from "./compare-search.ts";
import { type ComparisonStep, startComparison } from "./start-comparison.ts";

/** Two networks and an image: what is to be compared. */
export function CompareForm({ search }: { search: CompareSearch }) {
  const { compression: id } = search;
  const compression = useQuery({
    queryKey: ["compressions", id],
    queryFn: ({ signal }) => client.compressions.get(id ?? "", { signal }),
    enabled: id !== undefined,
  });
  if (id !== undefined && compression.isPending) return null;
  return (
    <ModelsAndImage
      original={search.originalModel ?? compression.data?.models.original ?? ""}
      compressed={search.compressedModel ?? compression.data?.models.compressed ?? ""}
    />
  );
}

interface ModelsAndImageProps {
  /** Identifiers. */
  original: string;
  compressed: string;
}

function ModelsAndImage(given: ModelsAndImageProps) {
  const navigate = useNavigate({ from: "/compare" });
  const whyNot = useWhyNot("submit");
  const [originalId, setOriginal] = useState(given.original);
  const [compressedId, setCompressed] = useState(given.compressed);
  const [source, setSource] = useState<"mine" | "dataset">("mine");
  const [content, setContent] = useState<"hr" | "lr">("hr");
  const [file, setFile] = useState<File | null>(null);
  const [picked, setPicked] = useState<PickedImage | null>(null);
  const [step, setStep] = useState<ComparisonStep>({ text: "" });
  const original = useRecord(MODELS, originalId).data;
  const compressed = useRecord(MODELS, compressedId).data;
  const missing = whatIsMissing({
    original,
    compressed,
    hasImage: source === "mine" ? file !== null : picked !== null,
  });

  const leaving = useLeaving();
  const starting = useMutation({
    mutationFn: async () => {
      if (!original || !compressed) throw new Error(missing);
      const image = source === "mine" ? file && { name: file.name, data: file } : picked && (await fileOf(picked));
      if (!image) throw new Error(missing);
      return startComparison(
        {
          image,
          content: source === "mine" ? content : "hr",
          scale: original.scale as Scale,
          originalModelId: original.id,
          compressedModelId: compressed.id,
        },
        setStep,
        leaving.current.signal,
      );
    },
    onSuccess: async (jobs) => {
      if (!leaving.current.signal.aborted) await navigate({ search: { ...jobs } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    starting.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Panel title="Networks">
          <Group align="start" gap="md" grow preventGrowOverflow={false}>
            <ModelPicker label="Original" required value={originalId} onChange={setOriginal} />
            <ModelPicker
              label="Compressed"
              required
              value={compressedId}
              onChange={setCompressed}
              original={original}
            />
          </Group>
          <Group mt="xs">
            <Button
              variant="default"
              size="compact-sm"
              onClick={() => {
                setOriginal(compressedId);
                setCompressed(originalId);
              }}
            >
              Swap the two
            </Button>
          </Group>
          <Text size="sm" c="dimmed" mt="xs">
            Bicubic interpolation is compared as well. A compression&apos;s page leads here with its two networks filled
            in.
          </Text>
        </Panel>

        <Panel title="Image">
          <Stack gap="sm">
            <SegmentedControl
              aria-label="Where the image comes from"
              value={source}
              onChange={(value) => setSource(value as typeof source)}
              data={[
                { value: "mine", label: "An image of mine" },
                { value: "dataset", label: "An image of a dataset" },
              ]}
            />
            {source === "mine" ? (
              <>
                <FileInput
                  label="File"
                  description="PNG, JPEG, WebP, TIFF or GIF"
                  placeholder="Choose an image"
                  accept="image/png,image/jpeg,image/webp,image/tiff,image/gif"
                  value={file}
                  onChange={setFile}
                  maw={400}
                />
                <Radio.Group
                  label="What it is"
                  value={content}
                  onChange={(value) => setContent(value as typeof content)}
                >
                  <Stack gap={6} mt={6}>
                    <Radio
                      value="hr"
                      label={`An HR image: it is made ${original ? `${original.scale} times ` : ""}smaller, and the networks have to restore it`}
                      description="By MATLAB's bicubic rule, as in papers. What comes out is compared with the image: there is a PSNR."
                    />
                    <Radio
                      value="lr"
                      label={`An LR image: it is made ${original ? `${original.scale} times ` : ""}larger than it is`}
                      description="Nobody knows what it should look like, so that there is no PSNR. Latency and pictures are there."
                    />
                  </Stack>
                </Radio.Group>
              </>
            ) : (
              <DatasetImagePicker picked={picked} onPick={setPicked} />
            )}
          </Stack>
        </Panel>

        {starting.error && <Problem error={starting.error} />}
        <Group gap="sm">
          <ActionButton type="submit" loading={starting.isPending} why={whyNot ?? missing}>
            Compare
          </ActionButton>
          <Text size="sm" c="dimmed" role="status">
            {starting.isPending ? `${step.text} … Stay on this page until it has begun.` : missing}
          </Text>
          {starting.isPending && step.jobId !== undefined && <WaitedFor jobId={step.jobId} />}
        </Group>
      </Stack>
    </form>
  );
}

const POLL_EVERY_MS = 1_000;

/** The ingest of the image, and why it has not begun. */
function WaitedFor({ jobId }: { jobId: string }) {
  const { data: job } = useQuery({
    queryKey: ["jobs", jobId],
    queryFn: ({ signal }) => client.jobs.get(jobId, { signal }),
    refetchInterval: POLL_EVERY_MS,
  });
  return (
    <Text size="sm" component="div">
      <Link to="/jobs/$jobId" params={{ jobId }} target="_blank">
        Its ingest
      </Link>
      {job && (
        <>
          : {job.state}. <JobStatus job={job} />
        </>
      )}
    </Text>
  );
}

function whatIsMissing(given: {
  original?: ModelResource;
  compressed?: ModelResource;
  hasImage: boolean;
}): string | undefined {
  const { original, compressed, hasImage } = given;
  if (!original || !compressed) return "Choose both networks.";
  if (original.id === compressed.id) return "Choose two different networks.";
  if (original.scale !== compressed.scale) {
    return `The networks have different scales: ×${original.scale} and ×${compressed.scale}.`;
  }
  return hasImage ? undefined : "Choose an image.";
}

interface PickedImage {
  datasetId: string;
  version: number;
  number: number;
  name: string;
}

async function fileOf({ datasetId, version, number, name }: PickedImage) {
  const file = await client.datasets.image({ datasetId, version }, number);
  const data = new Blob([(await file.bytes()) as Uint8Array<ArrayBuffer>], { type: "image/png" });
  // Whatever the file was, an ingest has made a PNG of it.
  const base = name.slice(name.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "");
  return { name: `${base}.png`, data };
}

interface DatasetImagePickerProps {
  picked: PickedImage | null;
  onPick(image: PickedImage | null): void;
}

function DatasetImagePicker({ picked, onPick }: DatasetImagePickerProps) {
  const [datasetId, setDataset] = useState("");
  const [after, setAfter] = useState(0);
  const versions = useQuery({
    queryKey: ["datasets", datasetId, "versions"],
    queryFn: ({ signal }) => client.datasets.versions(datasetId, { signal }),
    enabled: datasetId !== "",
  });
  const version = versions.data?.find(isUsable);
  const images = useDatasetImages(version && { datasetId, version: version.version }, after);
  return (
    <Stack gap="sm">
      <DatasetPicker
        label="Dataset"
        required
        maw={400}
        value={datasetId}
        onChange={(id) => {
          setDataset(id);
          setAfter(0);
          onPick(null);
        }}
      />
      {versions.data && !version && <Text size="sm">None of its versions is ready and has HR images.</Text>}
      {version && (
        <QueryView query={images}>
          {(listed) => (
            <>
              <fieldset className="thumbnails" aria-label="Images">
                {listed.map(({ number, name, width, height }) => (
                  <button
                    key={number}
                    type="button"
                    className="thumbnail"
                    aria-pressed={picked?.number === number}
                    onClick={() => onPick({ datasetId, version: version.version, number, name })}
                  >
                    <img
                      src={`/v1/datasets/${datasetId}/versions/${version.version}/images/${number}?side=96`}
                      alt=""
                      loading="lazy"
                    />
                    <span>{name}</span>
                    <span>
                      {width}×{height}
                    </span>
                  </button>
                ))}
              </fieldset>
              <Group gap="xs">
                <WindowButtons after={after} length={THUMBNAILS} total={version.images} onChange={setAfter} />
                <Text size="sm" c="dimmed">
                  {counted(version.images, "image")} of version {version.version}
                </Text>
              </Group>
            </>
          )}
        </QueryView>
      )}
    </Stack>
  );
}

function isUsable({ state, content }: DatasetVersionResource): boolean {
  return state === "ready" && content !== "lr";
}
