import type { ModelCard } from "@drc/contracts";
import { Text } from "@mantine/core";
import { percent } from "../../components/format.ts";
import { Table, useHiddenSides } from "../../components/table.tsx";

interface WidthsChartProps {
  after: ModelCard["widths"];
  /** Of the network that it was pruned from; without it there is one bar per layer. */
  before: ModelCard["widths"] | undefined;
}

const HEIGHT = 180;
const BAR = 14;
const GAP = 6;
const AXIS = 34;

/** Channels of each group of layers; an outline is what there was before. */
export function WidthsChart({ after, before }: WidthsChartProps) {
  const place = useHiddenSides();
  if (after.length === 0) return <Text size="sm">No width of this network can shrink.</Text>;
  const was = new Map(before?.map(({ group, width }) => [group, width]));
  const rows = after.map(({ group, width }) => ({ group, width, whole: was.get(group) }));
  const largest = Math.max(...rows.map(({ width, whole }) => Math.max(width, whole ?? 0)));
  const kept = rows.reduce((sum, { width }) => sum + width, 0);
  const whole = rows.reduce((sum, row) => sum + (row.whole ?? row.width), 0);
  const width = AXIS + rows.length * (BAR + GAP) + GAP;
  const heightOf = (channels: number) => (HEIGHT * channels) / largest;
  const label = before
    ? `${kept} of ${whole} channels are left (${percent(kept / whole)})`
    : `${kept} channels in ${rows.length} groups of layers`;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrow keys */}
      <section ref={place} className="table-scroll" aria-label="Chart of the widths" tabIndex={0}>
        <svg className="widths" width={width} height={HEIGHT + 26} role="img" aria-label={label}>
          {[0, largest / 2, largest].map((tick) => (
            <g key={tick}>
              <line className="widths-grid" x1={AXIS} x2={width} y1={y(heightOf(tick))} y2={y(heightOf(tick))} />
              <text className="widths-tick" x={AXIS - 6} y={y(heightOf(tick)) + 4} textAnchor="end">
                {Math.round(tick)}
              </text>
            </g>
          ))}
          {rows.map(({ group, width: channels, whole: all }, i) => {
            const x = AXIS + GAP + i * (BAR + GAP);
            return (
              <g key={group}>
                <title>{all === undefined ? `${group}: ${channels}` : `${group}: ${channels} of ${all}`}</title>
                {all !== undefined && (
                  <rect className="widths-before" x={x} y={y(heightOf(all))} width={BAR} height={heightOf(all)} />
                )}
                <rect
                  className="widths-after"
                  x={x}
                  y={y(heightOf(channels))}
                  width={BAR}
                  height={heightOf(channels)}
                />
              </g>
            );
          })}
        </svg>
      </section>
      <Text size="sm" c="dimmed">
        {label}.{" "}
        {before
          ? "Outline: before; filled: after. Parameters fall faster: a layer has them for each pair of a channel that it reads and one that it writes. "
          : ""}
        Bars in the order of the layers, from input to output.
      </Text>
      <details className="form-group">
        <summary>As a table</summary>
        <Table
          label="Widths"
          rows={rows}
          keyOf={({ group }) => group}
          columns={[
            { title: "Read by", as: "wide", cell: ({ group }) => <code>{group}</code> },
            { title: "Before", as: "number", cell: ({ whole: all }) => all ?? "–" },
            { title: "After", as: "number", cell: ({ width: channels }) => channels },
          ]}
        />
      </details>
    </>
  );
}

function y(height: number): number {
  return 12 + HEIGHT - height;
}
