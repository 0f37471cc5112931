import { Link } from "@tanstack/react-router";
import { DATASETS, useRecordName } from "./records.ts";

/** A version of a dataset, which leads to the dataset's page. */
export function DatasetText({ datasetId, version }: { datasetId: string; version: number }) {
  const name = useRecordName(DATASETS, datasetId);
  return (
    <>
      <Link to="/datasets/$datasetId" params={{ datasetId }} title={datasetId}>
        {name}
      </Link>{" "}
      version {version}
    </>
  );
}
