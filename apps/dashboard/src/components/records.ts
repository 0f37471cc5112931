/** Models and datasets that a page names: by their identifiers, or found by their names. */
import type { DatasetResource, ModelResource, Page } from "@drc/contracts";
import { useQuery } from "@tanstack/react-query";
import { client } from "../api/client.ts";

/** In a menu at once; the rest is found by typing. */
const LISTED = 50;
/** A name seldom changes. */
const SAME_NAME_FOR_MS = 60_000;

/** Where a kind of record comes from. */
export interface RecordSource<T> {
  /** Of its queries: its list is below `[key, "menu"]`, one record is `[key, id]`. */
  key: string;
  page(search: string | undefined, signal: AbortSignal): Promise<Page<T>>;
  get(id: string, signal: AbortSignal): Promise<T>;
}

export const MODELS: RecordSource<ModelResource> = {
  key: "models",
  page: (search, signal) => client.models.page({ search }, { limit: LISTED, signal }),
  get: (id, signal) => client.models.get(id, { signal }),
};

export const DATASETS: RecordSource<DatasetResource> = {
  key: "datasets",
  page: (search, signal) => client.datasets.page({ search }, { limit: LISTED, signal }),
  get: (id, signal) => client.datasets.get(id, { signal }),
};

/** A record that was chosen from a menu, or named by an address; none while the identifier is empty. */
export function useRecord<T>({ key, get }: RecordSource<T>, id: string, staleTime?: number) {
  return useQuery({ queryKey: [key, id], queryFn: ({ signal }) => get(id, signal), enabled: id !== "", staleTime });
}

/** Its name; its identifier until that is read, and where the record is gone. */
export function useRecordName<T extends { name: string }>(source: RecordSource<T>, id: string): string {
  return useRecord(source, id, SAME_NAME_FOR_MS).data?.name ?? id;
}
