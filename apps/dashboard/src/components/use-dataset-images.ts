import type { DatasetInput } from "@drc/contracts";
import { useQuery } from "@tanstack/react-query";
import { client } from "../api/client.ts";

/** Images that are shown at once. */
export const THUMBNAILS = 24;

/** The images of a dataset version after so many; none is read without a version. */
export function useDatasetImages(input: DatasetInput | undefined, after: number) {
  return useQuery({
    queryKey: ["datasets", input?.datasetId, "versions", input?.version, "images", after],
    queryFn: ({ signal }) =>
      client.datasets.images(input ?? { datasetId: "", version: 0 }, { after, limit: THUMBNAILS, signal }),
    enabled: input !== undefined,
  });
}
