import { Button, Group, NativeSelect, type NativeSelectProps, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import type { ListSearch } from "./list-search.ts";

export interface ListFiltersProps {
  /** Left out, the list has names alone to be found by. */
  states?: readonly string[];
  kinds?: readonly string[];
  /** The list can be asked for what has ended since a moment. */
  knowsEnds?: boolean;
  /** How the list finds by what is typed. */
  searchLabel?: string;
  /** A choice between all of them and what is mostly looked for. */
  narrowed?: { label: string; all: string; some: string; by: Pick<ListSearch, "comparisons" | "stage"> };
  search: ListSearch;
  /** To another address of the list. */
  goTo(search: ListSearch): unknown;
}

const TIMES = [
  { value: "", label: "at any time" },
  { value: "1h", label: "in the last hour" },
  { value: "24h", label: "in the last day" },
  { value: "7d", label: "in the last week" },
  { value: "30d", label: "in the last 30 days" },
];

/** Choices take effect at once, texts with Enter. */
export function ListFilters({
  states,
  kinds,
  knowsEnds = false,
  narrowed,
  searchLabel = "Name or identifier",
  search: { cursor: _, ...search },
  goTo,
}: ListFiltersProps) {
  const [text, setText] = useState(search.search ?? "");
  const [label, setLabel] = useState(search.label ?? "");
  useEffect(() => setText(search.search ?? ""), [search.search]);
  useEffect(() => setLabel(search.label ?? ""), [search.label]);
  const change = (changes: ListSearch) => goTo({ ...search, ...changes, cursor: undefined });
  const chosen = (name: "state" | "kind" | "within" | "endedWithin") => ({
    value: search[name],
    onChange: (value: string | undefined) => change({ [name]: value }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change({ search: text.trim() || undefined, label: label.trim() || undefined });
  };
  const { sort, order, ...filters } = search;
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  return (
    <form onSubmit={submit} aria-label="Filter">
      <Group gap="xs" align="end">
        {states && <Choice label="State" data={[{ value: "", label: "any" }, ...states]} {...chosen("state")} />}
        {kinds && <Choice label="Kind" data={[{ value: "", label: "any" }, ...kinds]} {...chosen("kind")} />}
        {states && (
          <>
            <Choice label="Created" data={TIMES} {...chosen("within")} />
            {knowsEnds && <Choice label="Ended" data={TIMES} {...chosen("endedWithin")} />}
            <TextInput
              label="Label"
              size="xs"
              value={label}
              onChange={(event) => setLabel(event.currentTarget.value)}
            />
          </>
        )}
        {narrowed && (
          <NativeSelect
            label={narrowed.label}
            size="xs"
            data={[
              { value: "", label: narrowed.all },
              { value: "some", label: narrowed.some },
            ]}
            value={(search.comparisons ?? search.stage) ? "some" : ""}
            onChange={(event) =>
              change(event.currentTarget.value ? narrowed.by : { comparisons: undefined, stage: undefined })
            }
          />
        )}
        <TextInput
          label={searchLabel}
          size="xs"
          type="search"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" size="xs">
          Search
        </Button>
        {isFiltered && (
          <Button variant="subtle" size="xs" onClick={() => goTo({ sort, order })}>
            Clear
          </Button>
        )}
      </Group>
    </form>
  );
}

interface ChoiceProps {
  label: string;
  data: NativeSelectProps["data"];
  value: string | undefined;
  onChange(value: string | undefined): void;
}

/** Of one value; its first entry leaves it open. */
function Choice({ value, onChange, ...field }: ChoiceProps) {
  return (
    <NativeSelect
      {...field}
      size="xs"
      value={value ?? ""}
      onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
    />
  );
}
