import type { CreateSweepBody, SweepDetailResource, SweepSummaryResource } from "@drc/contracts";
import { Group, NativeSelect } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Panel } from "../../components/panel.tsx";
import { COST_AXES, type Cost, chartData, QUALITY_AXES } from "./chart-data.ts";
import { lookOf, Swatch } from "./mark-shape.tsx";
import { SweepChart } from "./sweep-chart.tsx";
import { COSTS, QUALITIES } from "./sweep-search.ts";

interface SweepCurveProps {
  sweep: SweepDetailResource;
  summary: SweepSummaryResource;
}

/** The chart with what it shows: choices, legend, and a word where nothing is measured yet. */
export function SweepCurve({ sweep, summary }: SweepCurveProps) {
  const { cost = "parameters", quality = "psnr" } = useSearch({ from: "/signed-in/sweeps/$sweepId" });
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const methods = (sweep.body as unknown as CreateSweepBody).grid.methods.map(({ name }) => name);
  const data = useMemo(
    () => chartData(sweep, summary, { cost, quality, hidden }),
    [sweep, summary, cost, quality, hidden],
  );
  const toggle = (method: string) => {
    const next = new Set(hidden);
    if (!next.delete(method)) next.add(method);
    setHidden(next);
  };
  const spread = data.means.some(({ row }) => row.seeds > 1);
  return (
    <Panel title="Quality against cost" aside={<Choices />}>
      {data.points.length === 0 && data.original === null ? (
        <p>{nothingText(sweep, cost)}</p>
      ) : (
        <SweepChart data={data} quality={quality} costTitle={costTitleOf(sweep, cost)} methods={methods} />
      )}
      <ul className="sweep-legend" aria-label="Legend">
        {methods.map((method, i) => (
          <li key={method}>
            <button
              type="button"
              className="legend-item"
              aria-pressed={!hidden.has(method)}
              title={hidden.has(method) ? `Show ${method}` : `Hide ${method}`}
              onClick={() => toggle(method)}
            >
              <Swatch look={lookOf(i)} /> {method}
            </button>
          </li>
        ))}
        <li>
          <span className="legend-front" aria-hidden="true" /> Pareto front: nothing else costs as little and is as good
        </li>
        {data.original && (
          <li>
            <span className="legend-original" aria-hidden="true">
              ★
            </span>{" "}
            original network
          </li>
        )}
        {spread && <li>small marks: seeds; large: their mean, with one standard deviation</li>}
      </ul>
    </Panel>
  );
}

function Choices() {
  const { cost = "parameters", quality = "psnr" } = useSearch({ from: "/signed-in/sweeps/$sweepId" });
  const navigate = useNavigate({ from: "/sweeps/$sweepId" });
  const choose = (changes: { cost?: Cost; quality?: (typeof QUALITIES)[number] }) =>
    navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Group gap="xs">
      <NativeSelect
        aria-label="Quality"
        size="xs"
        value={quality}
        data={QUALITIES.map((value) => ({ value, label: QUALITY_AXES[value].name }))}
        onChange={(event) => choose({ quality: QUALITIES.find((one) => one === event.currentTarget.value) })}
      />
      against
      <NativeSelect
        aria-label="Cost"
        size="xs"
        value={cost}
        data={COSTS.map((value) => ({ value, label: COST_AXES[value].name }))}
        onChange={(event) => choose({ cost: COSTS.find((one) => one === event.currentTarget.value) })}
      />
    </Group>
  );
}

/** Of the axis: what is counted or measured, at which size, on what. */
function costTitleOf({ points, original }: SweepDetailResource, cost: Cost): string {
  if (cost === "parameters") return "parameters";
  if (cost === "multiplyAdds") return "multiply-adds for an SR image of 1280×720";
  const latency = [original, ...points].map((one) => one.cost?.latency).find((one) => one != null);
  if (!latency) return "ms, median latency";
  const { lrWidth, lrHeight, device, threads } = latency;
  return `ms, median latency of an LR image of ${lrWidth}×${lrHeight}, ${device}, ${threads} thread${threads === 1 ? "" : "s"}`;
}

function nothingText({ endedAt, points }: SweepDetailResource, cost: Cost): string {
  const measured = points.some(({ state }) => state === "succeeded");
  if (measured) return `Of no point the ${COST_AXES[cost].name.toLowerCase()} and this quality are known.`;
  if (endedAt !== null) return "No point has succeeded: the reasons are below.";
  return "Nothing is measured yet. Marks come as points are evaluated.";
}
