import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import type { JobSearch } from "./job-search.ts";

interface JobFiltersProps {
  states: readonly string[];
  kinds: readonly string[];
  search: JobSearch;
  onChange(changes: Partial<JobSearch>): void;
}

const TIMES = [
  { value: "", label: "at any time" },
  { value: "1h", label: "in the last hour" },
  { value: "24h", label: "in the last day" },
  { value: "7d", label: "in the last week" },
  { value: "30d", label: "in the last 30 days" },
];

/** Choices take effect at once, texts with Enter. */
export function JobFilters({ states, kinds, search, onChange }: JobFiltersProps) {
  const [text, setText] = useState(search.search ?? "");
  const [label, setLabel] = useState(search.label ?? "");
  useEffect(() => setText(search.search ?? ""), [search.search]);
  useEffect(() => setLabel(search.label ?? ""), [search.label]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange({ search: text.trim() || undefined, label: label.trim() || undefined });
  };
  const { order, ...filters } = search;
  const filtered = Object.values(filters).some((value) => value !== undefined);
  return (
    <form onSubmit={submit} aria-label="Filter">
      <Group gap="xs" align="end">
        <NativeSelect
          label="State"
          size="xs"
          data={[{ value: "", label: "any" }, ...states]}
          value={search.state ?? ""}
          onChange={(event) => onChange({ state: (event.currentTarget.value || undefined) as JobSearch["state"] })}
        />
        <NativeSelect
          label="Kind"
          size="xs"
          data={[{ value: "", label: "any" }, ...kinds]}
          value={search.kind ?? ""}
          onChange={(event) => onChange({ kind: (event.currentTarget.value || undefined) as JobSearch["kind"] })}
        />
        <NativeSelect
          label="Created"
          size="xs"
          data={TIMES}
          value={search.within ?? ""}
          onChange={(event) => onChange({ within: event.currentTarget.value || undefined })}
        />
        <TextInput label="Label" size="xs" value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
        <TextInput
          label="Name begins with, or identifier"
          size="xs"
          type="search"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" size="xs">
          Search
        </Button>
        {filtered && (
          <Button
            variant="subtle"
            size="xs"
            onClick={() =>
              onChange({ state: undefined, kind: undefined, label: undefined, within: undefined, search: undefined })
            }
          >
            Clear
          </Button>
        )}
      </Group>
    </form>
  );
}
