import type { DatasetResource } from "@drc/contracts";
import { client } from "../api/client.ts";
import { counted, dateTime } from "./format.ts";
import { LISTED, type PickerProps, RecordPicker, type RecordSource } from "./record-picker.tsx";

const DATASETS: RecordSource<DatasetResource> = {
  key: "datasets",
  page: (search, signal) => client.datasets.page({ search }, { limit: LISTED, signal }),
  get: (id, signal) => client.datasets.get(id, { signal }),
};

export function DatasetPicker(field: PickerProps) {
  return (
    <RecordPicker
      {...field}
      source={DATASETS}
      placeholder={field.required ? "Choose a dataset" : "None"}
      text={({ name, files }) => `${name} · ${counted(files, "file")}`}
      detail={({ id, files, versions, createdAt }) =>
        `${counted(files, "file")} · ${counted(versions, "version")} · ${dateTime(createdAt).slice(0, -3)} · …${id.slice(-5)}`
      }
    />
  );
}
