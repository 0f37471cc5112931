import { type CompressionDetailResource, type CreateCompressionBody, isFinal } from "@drc/contracts";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { DatasetText } from "../../components/dataset-text.tsx";
import { percent } from "../../components/format.ts";
import { JobLink } from "../../components/job-link.tsx";
import { JsonView } from "../../components/json-view.tsx";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { Pipeline } from "../../components/pipeline.tsx";
import { errorLine } from "../../components/problem-text.ts";
import { RecordPage } from "../../components/record-page.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { Ago } from "../../components/time.tsx";
import { VerbButtons } from "../../components/verb-controls.tsx";
import { compressionVerbs } from "../../components/verbs.ts";
import { budgetOf } from "./compression-body.ts";
import { CompressionOutcome } from "./compression-outcome.tsx";
import { NetworkText } from "./network-text.tsx";

const REFRESH_MS = 1_500;
const route = getRouteApi("/signed-in/compressions/$compressionId");

export function CompressionPage() {
  const { compressionId } = route.useParams();
  const compression = useQuery({
    queryKey: ["compressions", compressionId],
    queryFn: ({ signal }) => client.compressions.get(compressionId, { signal }),
    refetchInterval: ({ state: { data } }) => (data?.jobs.every(({ state }) => isFinal(state)) ? false : REFRESH_MS),
  });
  return (
    <RecordPage title="Compression" query={compression}>
      {(data) => <Compression compression={data} />}
    </RecordPage>
  );
}

function Compression({ compression }: { compression: CompressionDetailResource }) {
  const { id, name, state, labels, body, createdAt, jobs } = compression;
  const failed = jobs.find((job) => job.state === "failed");
  const budget = budgetOf(body);
  const { dataset, evaluation } = body as Partial<CreateCompressionBody>;
  return (
    <Page
      title={`${name ?? "Compression"} – compression`}
      heading={
        <span className="heading">
          <span className="heading-name">{name ?? "Compression"}</span> <StateBadge state={state} />
        </span>
      }
      actions={
        <>
          {compression.models.compressed !== null && <CompareButton compression={compression} />}
          <VerbButtons
            what="compression"
            id={id}
            name={name}
            priority={jobs[0]?.priority}
            verbs={compressionVerbs(compression)}
          />
        </>
      }
    >
      <div className="stack">
        {failed?.error && (
          <p className="failure" role="alert">
            <JobLink id={failed.id} name={failed.name ?? failed.kind} /> failed: {errorLine(failed.error)}
          </p>
        )}
        <Panel title="Stages">
          <Pipeline compression={compression} />
        </Panel>
        <CompressionOutcome compression={compression} />
        <div className="columns">
          <Panel title="Compression">
            <dl className="facts">
              <dt>Identifier</dt>
              <dd className="mono">{id}</dd>
              <dt>Network</dt>
              <dd>
                <NetworkText body={body} />
              </dd>
              <dt>Budget</dt>
              <dd>{budget ? `remove ${percent(budget.remove)} of the ${budget.name}` : "–"}</dd>
              {dataset && (
                <>
                  <dt>Trained on</dt>
                  <dd>
                    <DatasetText {...dataset} />
                  </dd>
                </>
              )}
              {evaluation && (
                <>
                  <dt>Evaluated on</dt>
                  <dd>
                    <DatasetText {...evaluation.dataset} />
                  </dd>
                </>
              )}
              <dt>Created</dt>
              <dd>
                <Ago at={createdAt} />
              </dd>
              {labels.length > 0 && (
                <>
                  <dt>Labels</dt>
                  <dd>{labels.join(" ")}</dd>
                </>
              )}
            </dl>
          </Panel>
          <Panel title="What was asked for" flush>
            <JsonView label="What was asked for" value={body} />
          </Panel>
        </div>
      </div>
    </Page>
  );
}

/** Leads to the pictures that its evaluations kept, or to the form for an image with its two networks filled in. */
function CompareButton({ compression: { id, body, stages, jobs } }: { compression: CompressionDetailResource }) {
  const { evaluateOriginal: original, evaluateCompressed: compressed, evaluateBicubic: bicubic } = stages;
  const { keepImages } = (body as unknown as CreateCompressionBody).evaluation ?? {};
  const isDone = [original, compressed].every((job) => jobs.find((one) => one.id === job)?.state === "succeeded");
  const search = keepImages && isDone ? { original, compressed, bicubic } : { compression: id };
  return (
    <Button
      variant="default"
      size="compact-sm"
      renderRoot={(props) => <Link to="/compare" search={search} {...props} />}
    >
      Compare
    </Button>
  );
}
