import { counted, dateTime } from "./format.ts";
import { type PickerProps, RecordPicker } from "./record-picker.tsx";
import { DATASETS } from "./records.ts";

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
