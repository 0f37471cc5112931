import type { ModelCard, ModelCardStage } from "@drc/contracts";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { counted, percent } from "../../components/format.ts";
import { DATASETS, useRecordName } from "../../components/records.ts";

const WIDTH = 620;
const NODE = { width: 330, height: 54 };
const DATA = { width: 200, height: 44 };
const STEP = 82;
const LEFT = WIDTH - NODE.width - 1;

interface GraphNode {
  key: string;
  title: string;
  detail: string;
  /** Around the node, where it leads somewhere. */
  link?(children: ReactNode): ReactNode;
  dataset?: NonNullable<ModelCardStage["dataset"]>;
  shape: "model" | "stage";
}

/** From the networks that were there, through each job, to this one; what a job read stands at its left. */
export function LineageGraph({ card }: { card: ModelCard }) {
  const nodes = nodesOf(card);
  const height = nodes.length * STEP - (STEP - NODE.height) + 2;
  return (
    <svg className="lineage" viewBox={`0 0 ${WIDTH} ${height}`} role="group" aria-label="Lineage of the model">
      <defs>
        <marker id="lineage-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0L8 4L0 8z" />
        </marker>
      </defs>
      {nodes.map((node, i) => {
        const y = 1 + i * STEP;
        const middle = LEFT + NODE.width / 2;
        return (
          <g key={node.key}>
            {i > 0 && <path className="lineage-edge" d={`M${middle} ${y - STEP + NODE.height}V${y - 2}`} />}
            {node.dataset && (
              <>
                <path className="lineage-edge" d={`M${DATA.width + 1} ${y + NODE.height / 2}H${LEFT - 2}`} />
                <Dataset dataset={node.dataset} y={y + (NODE.height - DATA.height) / 2} />
              </>
            )}
            <Node node={node} y={y} />
          </g>
        );
      })}
    </svg>
  );
}

function Node({ node: { title, detail, shape, link = (children) => children }, y }: { node: GraphNode; y: number }) {
  return link(
    <>
      <rect
        className="lineage-node"
        data-shape={shape}
        x={LEFT}
        y={y}
        width={NODE.width}
        height={NODE.height}
        rx={shape === "model" ? NODE.height / 2 : 4}
      />
      <text className="lineage-title" x={LEFT + 20} y={y + 22}>
        {title}
      </text>
      <text className="lineage-detail" x={LEFT + 20} y={y + 41}>
        {detail}
      </text>
    </>,
  );
}

function Dataset({
  dataset: { datasetId, version, images },
  y,
}: {
  dataset: NonNullable<ModelCardStage["dataset"]>;
  y: number;
}) {
  const name = useRecordName(DATASETS, datasetId);
  return (
    <Link to="/datasets/$datasetId" params={{ datasetId }}>
      <rect className="lineage-node" data-shape="data" x="1" y={y} width={DATA.width} height={DATA.height} />
      <text className="lineage-title" x="12" y={y + 18}>
        <title>{`${name}, ${datasetId}`}</title>
        {cut(name, 24)}
      </text>
      <text className="lineage-detail" x="12" y={y + 35}>
        version {version}, {images === null ? "deleted since" : counted(images, "image")}
      </text>
    </Link>
  );
}

function nodesOf({ name, modelId, baseModels, lineage, cost }: ModelCard): GraphNode[] {
  const bases = baseModels.map(
    (base): GraphNode => ({
      key: base.modelId,
      title: cut(base.name),
      detail: "uploaded model",
      shape: "model",
      link: (children) => (
        <Link to="/models/$modelId" params={{ modelId: base.modelId }}>
          {children}
        </Link>
      ),
    }),
  );
  const stages = lineage.map(
    (stage, i): GraphNode => ({
      key: stage.jobId ?? String(i),
      title: stage.kind,
      detail: stage.known ? detailOf(stage) : "deleted, nothing else is known",
      shape: "stage",
      dataset: stage.dataset ?? undefined,
      ...(stage.jobId !== null && stage.known
        ? {
            link: (children: ReactNode) => (
              <Link to="/jobs/$jobId" params={{ jobId: stage.jobId ?? "" }}>
                {children}
              </Link>
            ),
          }
        : {}),
    }),
  );
  const own: GraphNode = {
    key: modelId ?? "model",
    title: cut(name),
    detail: `this model, ${cost.parameters.toLocaleString("en")} parameters`,
    shape: "model",
  };
  return [...bases, ...stages, own];
}

function detailOf({ method, budget, seed, settings }: ModelCardStage): string {
  const facts: string[] = [];
  if (method !== null) facts.push(method);
  if (budget !== null) facts.push(`${percent(budget.achieved)} of ${budget.of} removed`);
  if (typeof settings.steps === "number") facts.push(`${settings.steps.toLocaleString("en")} steps`);
  if (seed !== null && facts.length < 2) facts.push(`seed ${seed}`);
  return cut(facts.join(", "), 46);
}

function cut(text: string, length = 33): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
