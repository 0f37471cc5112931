import { ProblemError } from "@drc/sdk";
import { Alert, Button, Group, Loader, NativeSelect, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ReactCompareSlider, ReactCompareSliderHandle } from "react-compare-slider";
import { client } from "../../api/client.ts";
import { percent } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { type Evaluation, ROLES } from "./evaluation.ts";
import { PictureCanvas } from "./picture-canvas.tsx";
import { differenceOf, type Picture, readPicture, whereTheyDifferMost } from "./pixels.ts";
import { type Size, useView, type ViewControl, ZOOM_STEP } from "./use-view.ts";
import { Layer, Viewport } from "./viewport.tsx";

/** A way to make the LR image large again, or what it was made of. */
interface Variant {
  id: string;
  name: string;
  picture: Picture;
}

interface ComparedImageProps {
  evaluations: readonly Evaluation[];
  image: string;
}

/** The pictures of one image: loaded once, each in all of its pixels. */
export function ComparedImage({ evaluations, image }: ComparedImageProps) {
  const pictures = useQuery({
    queryKey: ["compared-image", image, ...evaluations.map(({ job }) => job.id)],
    queryFn: ({ signal }) => loadVariants(evaluations, image, signal),
    staleTime: onceThere,
  });
  const size = pictures.data?.[0]?.picture;
  const sources = useQuery({
    queryKey: ["compared-image", image, "sources", evaluations[0].job.id],
    queryFn: ({ signal }) => loadSources(evaluations[0], image, size ?? { width: 0, height: 0 }, signal),
    staleTime: onceThere,
    enabled: size !== undefined,
  });
  return (
    <QueryView query={pictures}>
      {(variants) => (
        <>
          {sources.error && <Problem error={sources.error} tryAgain={() => void sources.refetch()} />}
          {sources.isPending ? (
            <Loader size="sm" role="status" aria-label="Loading" m="md" />
          ) : (
            <Pictures variants={[...variants, ...(sources.data ?? [])]} />
          )}
        </>
      )}
    </QueryView>
  );
}

/** What has come never changes, and is not read again; what has not is. */
const onceThere = ({ state }: { state: { data: unknown } }) => (state.data === undefined ? 0 : "static");

/** What the networks and bicubic interpolation made. */
async function loadVariants(
  evaluations: readonly Evaluation[],
  image: string,
  signal: AbortSignal,
): Promise<Variant[]> {
  const variants: Variant[] = [];
  for (const { role, job, result } of evaluations) {
    const { artifact } = result.images.find(({ name }) => name === image) ?? {};
    if (artifact === undefined) continue;
    const file = await client.jobs.artifact(job.id, artifact, { signal });
    variants.push({ id: role, name: ROLES[role], picture: await readPicture(await asBlob(file)) });
  }
  return variants;
}

/** The images of the dataset that it was measured on, as large as what was made; none where it has been deleted since. */
async function loadSources(
  { spec, result }: Evaluation,
  image: string,
  { width, height }: Size,
  signal: AbortSignal,
): Promise<Variant[]> {
  const variants: Variant[] = [];
  const index = result.images.findIndex(({ name }) => name === image);
  const [listed] = await client.datasets.images(spec.dataset, { after: index, limit: 1, signal }).catch(noneIfDeleted);
  if (listed?.name !== image) return variants;
  const read = async (size: "hr" | "lr") =>
    asBlob(await client.datasets.image(spec.dataset, index + 1, { size, signal }));
  if (listed.hr) {
    variants.push({ id: "hr", name: "HR image", picture: await readPicture(await read("hr")) });
  }
  variants.push({ id: "lr", name: "LR image", picture: await readPicture(await read("lr"), { width, height }) });
  return variants;
}

function noneIfDeleted(error: unknown): [] {
  if (error instanceof ProblemError && error.status === 404) return [];
  throw error;
}

async function asBlob(file: { bytes(): Promise<Uint8Array> }): Promise<Blob> {
  return new Blob([(await file.bytes()) as Uint8Array<ArrayBuffer>], { type: "image/png" });
}

const GAINS = [1, 4, 10, 25];
const CROP_SIDES = [32, 64, 128];
/** Whole and a third larger pixels would be a strange view of where two images differ. */
const CLOSE_ZOOM = 4;

function Pictures({ variants }: { variants: readonly Variant[] }) {
  const [leftId, setLeft] = useState("original");
  const [rightId, setRight] = useState("compressed");
  const [gain, setGain] = useState(10);
  const [side, setSide] = useState(64);
  const left = variants.find(({ id }) => id === leftId) ?? variants[0];
  const right = variants.find(({ id }) => id === rightId) ?? variants[0];
  const control = useView(variants[0].picture);
  const { view } = control;
  const difference = useMemo(() => differenceOf(left.picture, right.picture, gain), [left, right, gain]);
  const { width, height } = variants[0].picture;
  const cropSide = Math.min(side, width, height);
  const crop = {
    x: Math.round(Math.min(Math.max(view.x - cropSide / 2, 0), width - cropSide)),
    y: Math.round(Math.min(Math.max(view.y - cropSide / 2, 0), height - cropSide)),
    side: cropSide,
  };
  const options = variants.map(({ id, name }) => ({ value: id, label: name }));
  const isSame = left.id === right.id;
  return (
    <Stack gap="md">
      <Panel title="Picture">
        <Group gap="sm" align="end" mb="sm">
          <NativeSelect
            label="Left"
            size="xs"
            value={left.id}
            data={options}
            onChange={({ currentTarget }) => setLeft(currentTarget.value)}
          />
          <NativeSelect
            label="Right"
            size="xs"
            value={right.id}
            data={options}
            onChange={({ currentTarget }) => setRight(currentTarget.value)}
          />
          <ZoomButtons control={control} />
          <Button
            variant="default"
            size="xs"
            disabled={isSame}
            title={isSame ? "Left and right are the same" : undefined}
            onClick={() => control.goTo(whereTheyDifferMost(left.picture, right.picture, cropSide), CLOSE_ZOOM)}
          >
            Where they differ most
          </Button>
        </Group>
        <Viewport label="Picture with a slider" image={variants[0].picture} control={control}>
          {(placement, box) => (
            <ReactCompareSlider
              className="compare-slider"
              onlyHandleDraggable
              handle={<ReactCompareSliderHandle />}
              itemOne={<Layer source={left.picture.bitmap} name={left.name} placement={placement} box={box} />}
              itemTwo={
                <Layer source={right.picture.bitmap} name={right.name} placement={placement} box={box} side="right" />
              }
            />
          )}
        </Viewport>
        <Text size="sm" c="dimmed" mt="xs">
          {width}×{height} pixels. Drag to move, or use the arrow keys; + and − zoom, 0 shows all. The wheel zooms once
          the picture was clicked. Slider: drag its handle, or focus it and use the arrow keys.
        </Text>
      </Panel>

      <Panel title="Difference map">
        <Group gap="md" align="end" mb="sm">
          <NativeSelect
            label="Gain"
            size="xs"
            value={gain}
            data={GAINS.map((value) => ({ value: String(value), label: `× ${value}` }))}
            onChange={({ currentTarget }) => setGain(Number(currentTarget.value))}
          />
          <Text size="sm" aria-live="polite">
            |{left.name} − {right.name}|: {difference.mean.toFixed(2)} gray levels of 255 on average,{" "}
            {difference.largest} at most, {percent(difference.equalShare)} of the samples equal. Shown {gain} times
            stronger; black is equal.
          </Text>
        </Group>
        {isSame ? (
          <Alert color="orange" variant="outline" title="Left and right are the same picture">
            Choose two different ones above.
          </Alert>
        ) : (
          <Viewport label="Difference map" image={variants[0].picture} control={control}>
            {(placement, box) => (
              <Layer
                source={difference.image}
                name={`|${left.name} − ${right.name}| × ${gain}`}
                placement={placement}
                box={box}
              />
            )}
          </Viewport>
        )}
      </Panel>

      <Panel title="Crops">
        <Group gap="md" align="end" mb="sm">
          <NativeSelect
            label="Side in pixels"
            size="xs"
            value={side}
            data={CROP_SIDES.map(String)}
            onChange={({ currentTarget }) => setSide(Number(currentTarget.value))}
          />
          <Text size="sm" c="dimmed">
            From ({crop.x}, {crop.y}): the middle of the picture above. Move it, and they follow.
          </Text>
        </Group>
        <div className="crops">
          {variants.map(({ id, name, picture }) => (
            <figure key={id}>
              <PictureCanvas source={picture.bitmap} label={`Crop: ${name}`} part={crop} />
              <figcaption>{name}</figcaption>
            </figure>
          ))}
        </div>
      </Panel>
    </Stack>
  );
}

function ZoomButtons({ control }: { control: ViewControl }) {
  const { view, shownZoom, goTo, scaleBy, fit } = control;
  return (
    <fieldset className="zoom-buttons" aria-label="Zoom">
      <Button variant="default" size="xs" aria-pressed={view.zoom === null} onClick={fit}>
        Fit
      </Button>
      {[1, 2, 4, 8].map((zoom) => (
        <Button
          key={zoom}
          variant="default"
          size="xs"
          aria-pressed={view.zoom === zoom}
          onClick={() => goTo({ x: view.x, y: view.y }, zoom)}
        >
          {zoom}×
        </Button>
      ))}
      <Button variant="default" size="xs" aria-label="Zoom out" onClick={() => scaleBy(1 / ZOOM_STEP)}>
        −
      </Button>
      <Button variant="default" size="xs" aria-label="Zoom in" onClick={() => scaleBy(ZOOM_STEP)}>
        +
      </Button>
      <Text size="sm" c="dimmed" role="status">
        {(100 * shownZoom).toFixed(0)} %
      </Text>
    </fieldset>
  );
}
