import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client } from "../api/client.ts";

const SAME_FOR_MS = 60_000;

/** The name of a dataset; its identifier until that is read, and where the dataset is gone. */
export function useDatasetName(datasetId: string): string {
  const { data } = useQuery({
    queryKey: ["datasets", datasetId],
    queryFn: ({ signal }) => client.datasets.get(datasetId, { signal }),
    staleTime: SAME_FOR_MS,
    retry: false,
  });
  return data?.name ?? datasetId;
}

/** A version of a dataset, which leads to the dataset's page. */
export function DatasetText({ datasetId, version }: { datasetId: string; version: number }) {
  const name = useDatasetName(datasetId);
  return (
    <>
      <Link to="/datasets/$datasetId" params={{ datasetId }} title={datasetId}>
        {name}
      </Link>{" "}
      version {version}
    </>
  );
}
