import { type ComboboxItem, Select, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { queryClient } from "../api/query-client.ts";
import { type RecordSource, useRecord } from "./records.ts";
import "./record-picker.css";

/** Until the server is asked for what is being typed. */
const TYPING_MS = 150;
const MORE = "more";

export interface PickerProps {
  id?: string;
  label: string;
  description?: string;
  /** The identifier of what is chosen; empty where nothing is. */
  value: string;
  onChange(id: string): void;
  required?: boolean;
  error?: ReactNode;
  maw?: number;
}

interface RecordPickerProps<T> extends PickerProps {
  source: RecordSource<T>;
  placeholder: string;
  /** On one line: what the field says when it is chosen. */
  text(record: T): string;
  /** What tells it from others of the same name. */
  detail(record: T): string;
}

/** A menu over all that the server has of a kind: the newest, and by typing any other. */
export function RecordPicker<T extends { id: string; name: string }>({
  source,
  text,
  detail,
  value,
  onChange,
  error,
  ...field
}: RecordPickerProps<T>) {
  const [typed, setTyped] = useState("");
  const chosen = useRecord(source, value);
  const chosenText = chosen.data && text(chosen.data);
  const [search] = useDebouncedValue(typed.trim() === chosenText ? "" : typed.trim(), TYPING_MS);
  const list = useQuery({
    queryKey: [source.key, "menu", search],
    queryFn: ({ signal }) => source.page(search || undefined, signal),
    placeholderData: keepPreviousData,
  });
  const { items, nextCursor } = list.data ?? { items: [], nextCursor: null };
  const found = new Set([...items.map(({ id }) => id), MORE]);
  const records = new Map(items.map((record) => [record.id, record]));
  // Its name stands in the field, whatever is looked for.
  if (chosen.data) records.set(value, chosen.data);
  const options: ComboboxItem[] = [...records.values()].map((record) => ({ value: record.id, label: text(record) }));
  if (nextCursor !== null) {
    options.push({ value: MORE, label: "There are more: type a part of the name, or an identifier", disabled: true });
  }
  return (
    <Select
      {...field}
      value={value || null}
      data={options}
      searchable
      clearable={!field.required}
      clearButtonProps={{ "aria-label": `Clear ${field.label}` }}
      onSearchChange={setTyped}
      // In its panel, and scrolled as a list: readers find it where it stands.
      comboboxProps={{ withinPortal: false }}
      withScrollArea={false}
      classNames={{ options: "picker-options" }}
      // The server has searched.
      filter={({ options: all }) => (all as ComboboxItem[]).filter((option) => found.has(option.value))}
      nothingFoundMessage={list.isPending ? "Looking …" : "Nothing has this in its name"}
      error={error ?? chosen.error?.message ?? list.error?.message}
      onChange={(id) => {
        const record = id === null ? undefined : records.get(id);
        if (record) queryClient.setQueryData([source.key, record.id], record);
        onChange(id ?? "");
      }}
      renderOption={({ option }) => {
        const record = records.get(option.value);
        if (!record) return <span className="dimmed small">{option.label}</span>;
        return (
          <Stack gap={0}>
            <span>{record.name}</span>
            <span className="dimmed small">{detail(record)}</span>
          </Stack>
        );
      }}
    />
  );
}
