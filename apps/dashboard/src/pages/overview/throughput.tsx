import type { OverviewResource } from "@drc/contracts";
import { timeOfDay } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";

const WIDTH = 360;
const HEIGHT = 96;
const GAP = 4;
const PARTS = ["succeeded", "failed", "cancelled"] as const;

/** Jobs that ended, in spans of five minutes: a bar for each, its parts by how they ended. */
export function Throughput({ spans }: { spans: OverviewResource["throughput"] }) {
  const totals = spans.map((span) => PARTS.reduce((sum, part) => sum + span[part], 0));
  const most = Math.max(1, ...totals);
  const width = WIDTH / spans.length;
  const sums = PARTS.map((part) => `${spans.reduce((sum, span) => sum + span[part], 0)} ${part}`);
  return (
    <Panel title="Ended within the last hour" aside={<span className="dimmed small">{sums.join(", ")}</span>}>
      <svg
        className="throughput"
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 16}`}
        role="img"
        aria-label={`Jobs that ended in each five minutes of the last hour: ${sums.join(", ")}; at most ${Math.max(...totals)} in one.`}
      >
        <line x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} className="axis" />
        {spans.map((span, i) => {
          let below = HEIGHT;
          return (
            <g key={span.from}>
              <title>{`${timeOfDay(span.from).slice(0, 5)}: ${PARTS.map((part) => `${span[part]} ${part}`).join(", ")}`}</title>
              {PARTS.map((part) => {
                const height = (span[part] / most) * (HEIGHT - 14);
                below -= height;
                return (
                  <rect
                    key={part}
                    className={part}
                    x={i * width + GAP / 2}
                    y={below}
                    width={width - GAP}
                    height={height}
                  />
                );
              })}
              {totals[i] > 0 && (
                <text x={(i + 0.5) * width} y={below - 3} textAnchor="middle">
                  {totals[i]}
                </text>
              )}
            </g>
          );
        })}
        <text x={0} y={HEIGHT + 13}>
          {spans[0] && timeOfDay(spans[0].from).slice(0, 5)}
        </text>
        <text x={WIDTH} y={HEIGHT + 13} textAnchor="end">
          now
        </text>
      </svg>
    </Panel>
  );
}
