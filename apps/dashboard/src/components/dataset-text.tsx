import { Link } from "@tanstack/react-router";

/** A version of a dataset, which leads to the dataset's page. */
export function DatasetText({ datasetId, version }: { datasetId: string; version: number }) {
  return (
    <>
      <Link className="mono" to="/datasets/$datasetId" params={{ datasetId }}>
        {datasetId}
      </Link>{" "}
      version {version}
    </>
  );
}
