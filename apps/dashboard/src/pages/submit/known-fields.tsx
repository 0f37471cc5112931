/** Fields whose values are things of the server: they are chosen from what is there. */
import { Group, NativeSelect, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { DatasetPicker } from "../../components/dataset-picker.tsx";
import { ModelPicker } from "../../components/model-picker.tsx";
import { explanationOf } from "./field-words.ts";
import { useForm } from "./form-context.ts";
import { isObject, type Path, pointerOf, valueAt } from "./form-node.ts";
import { fieldId } from "./lead-to-field.ts";

interface KnownFieldProps {
  path: Path;
  label: string;
  required?: boolean;
}

const versionsQuery = (datasetId: string) => ({
  queryKey: ["datasets", datasetId, "versions"],
  queryFn: ({ signal }: { signal: AbortSignal }) => client.datasets.versions(datasetId, { signal }),
});

/** A dataset and one of its versions; the newest that is ready, where no other is chosen. */
export function DatasetField({ path, label, required }: KnownFieldProps) {
  const { body, errors, change } = useForm();
  const value = valueAt(body, path);
  const datasetId = isObject(value) ? String(value.datasetId ?? "") : "";
  const version = isObject(value) ? value.version : undefined;
  const versions = useQuery({ ...versionsQuery(datasetId), enabled: datasetId !== "" });
  const choose = async (id: string) => {
    if (id === "") return change(path, undefined);
    change(path, { datasetId: id });
    const known = await queryClient.fetchQuery(versionsQuery(id)).catch(() => []);
    const ready = known.find(({ state }) => state === "ready");
    if (ready) change(path, { datasetId: id, version: ready.version });
  };
  const pointer = pointerOf(path);
  return (
    <div>
      <Group gap="sm" align="start" grow preventGrowOverflow={false}>
        <DatasetPicker
          id={fieldId(path)}
          description={explanationOf(path[path.length - 1])}
          label={label}
          required={required}
          value={datasetId}
          error={errors.get(pointer) ?? errors.get(`${pointer}/datasetId`)}
          onChange={(id) => void choose(id)}
        />
        {datasetId !== "" && (
          <NativeSelect
            id={fieldId([...path, "version"])}
            // As high as that of the dataset.
            description={explanationOf(path[path.length - 1]) && "\u00a0"}
            label={`Version of ${label.toLowerCase()}`}
            required
            value={String(version ?? "")}
            error={errors.get(`${pointer}/version`)}
            data={[
              { value: "", label: "Choose a version" },
              ...(versions.data ?? []).map(({ version: number, scale, images, state, content }) => ({
                value: String(number),
                label: `${number} · ×${scale} · ${state === "ready" ? `${images} images` : state}${content === "lr" ? " · LR alone" : ""}`,
                disabled: state !== "ready",
              })),
            ]}
            onChange={({ currentTarget: { value: chosen } }) =>
              change(path, chosen === "" ? { datasetId } : { datasetId, version: Number(chosen) })
            }
          />
        )}
      </Group>
      {versions.data?.length === 0 && <Text size="sm">This dataset has no version yet. Make one on its page.</Text>}
    </div>
  );
}

export function ModelField({ path, label, required }: KnownFieldProps) {
  const { body, errors, change } = useForm();
  const value = valueAt(body, path);
  const pointer = pointerOf(path);
  return (
    <div>
      <ModelPicker
        id={fieldId(path)}
        description={explanationOf(path[path.length - 1])}
        label={label}
        required={required}
        value={isObject(value) ? String(value.modelId ?? "") : ""}
        error={errors.get(pointer) ?? errors.get(`${pointer}/modelId`)}
        onChange={(modelId) => change(path, modelId === "" ? undefined : { modelId })}
      />
      {required && (
        <Text size="xs" c="dimmed" mt={4}>
          One that was trained elsewhere: <Link to="/models">upload it</Link> first.
        </Text>
      )}
    </div>
  );
}
