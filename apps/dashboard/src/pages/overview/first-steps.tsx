import type { OverviewResource } from "@drc/contracts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { Panel } from "../../components/panel.tsx";

const REFRESH_MS = 10_000;

/** What to begin with, as long as no job but ingests has ever been submitted. */
export function FirstSteps({ overview: { failures } }: { overview: OverviewResource }) {
  const begun = useQuery({
    queryKey: ["overview", "begun"],
    queryFn: async ({ signal }) => {
      const { items } = await client.jobs.page({}, { limit: 200, signal });
      return items.some(({ kind }) => kind !== "ingest");
    },
    enabled: failures.length === 0,
    refetchInterval: ({ state: { data } }) => (data === true ? false : REFRESH_MS),
  });
  if (begun.data !== false) return null;
  return (
    <Panel title="First steps">
      <ol className="first-steps">
        <li>
          <Link to="/datasets" search={{}}>
            Make a dataset
          </Link>
          : name it, drop images on its page, and make a version of them.
        </li>
        <li>
          <Link to="/submit" search={{}}>
            Submit a compression
          </Link>{" "}
          of a network that is trained on it, or of{" "}
          <Link to="/models" search={{}}>
            one that you upload
          </Link>
          .
        </li>
        <li>
          Its page shows cost and quality before and after;{" "}
          <Link to="/compare" search={{}}>
            Compare
          </Link>{" "}
          shows pictures.
        </li>
      </ol>
    </Panel>
  );
}
