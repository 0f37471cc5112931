import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import type { Series } from "../api/job-records.ts";
import { count } from "./format.ts";

export interface Line {
  label: string;
  series: Series;
}

interface CurveProps {
  title: string;
  /** Of the values, such as dB; none for plain numbers. */
  unit?: string;
  lines: readonly Line[];
  format(value: number): string;
  /** Rises with each change of the lines. */
  version: number;
}

const HEIGHT_PX = 180;

/**
 * Values by step. Its legend has the newest values, or those under the pointer; a part that is drawn over is shown larger, and
 * stays so while more values come. The measure `curve` in the browser's
 * timeline is how long a drawing took.
 */
export function Curve({ title, unit, lines, format, version }: CurveProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const legend = useRef<(HTMLSpanElement | null)[]>([]);
  const startedAtMs = useRef<number>(null);
  /** The steps that somebody has drawn over with the pointer; null shows all. */
  const zoomed = useRef<{ min: number; max: number }>(null);
  const [isZoomed, setZoomed] = useState(false);
  const scheme = useComputedColorScheme("light");
  const latest = lines.map(({ series }) => lastOf(series));
  const shown = useRef({ lines, format });
  shown.current = { lines, format };
  const labels = lines.map(({ label }) => label).join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes the colours that are read here
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const colour = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--mantine-color-dimmed"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    const font = "11px system-ui, sans-serif";
    const made = new uPlot(
      {
        width: element.clientWidth || 300,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, font, size: 24, values: (_, ticks) => ticks.map((tick) => count(tick)) },
          {
            ...axis,
            font,
            size: 56,
            values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : tickText(tick))),
          },
        ],
        series: [
          {},
          ...labels.split("\n").map((label, i) => ({
            label,
            stroke: colour(`--series-${i + 1}`),
            width: 1.5,
            // With two lines in one picture the second is told by more than its colour.
            dash: i === 0 ? undefined : [6, 3],
            // A single value is no line: without a point nothing of it would be seen.
            points: { show: (chart: uPlot, index: number) => isSingle(chart.data[index]), size: 7 },
            spanGaps: true,
          })),
        ],
        hooks: {
          // It draws a moment after it got the data.
          draw: [
            () => {
              if (startedAtMs.current === null) return;
              performance.measure("curve", { start: startedAtMs.current, end: performance.now() });
              startedAtMs.current = null;
            },
          ],
          setScale: [
            ({ scales, data: [steps] }, name) => {
              if (name !== "x" || steps.length === 0) return;
              const { min = steps[0], max = steps[steps.length - 1] } = scales.x;
              zoomed.current = min > steps[0] || max < steps[steps.length - 1] ? { min, max } : null;
              setZoomed(zoomed.current !== null);
            },
          ],
          setCursor: [
            ({ cursor: { idx }, data }) => {
              shown.current.lines.forEach(({ series }, i) => {
                const value = idx == null ? lastOf(series) : data[i + 1][idx];
                const target = legend.current[i];
                const at = idx == null ? "" : ` at step ${count(data[0][idx])}`;
                if (target) target.textContent = value == null ? "–" : `${shown.current.format(value)}${at}`;
              });
            },
          ],
        },
      },
      [[], ...labels.split("\n").map(() => [])],
      element,
    );
    chart.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    sized.observe(element);
    return () => {
      sized.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [scheme, labels]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the lines are changed in place, which the version tells
  useEffect(() => {
    startedAtMs.current = performance.now();
    // What somebody looks at stays in sight, whatever comes after it.
    const part = zoomed.current;
    chart.current?.setData(joined(shown.current.lines), part === null);
    if (part !== null) chart.current?.setScale("x", part);
  }, [version, scheme, labels]);

  const showAll = () => {
    const steps = chart.current?.data[0] ?? [];
    if (steps.length > 0) chart.current?.setScale("x", { min: steps[0], max: steps[steps.length - 1] });
  };
  const said = lines
    .map(({ label }, i) => `${label} ${latest[i] === null ? "none yet" : format(latest[i])}`)
    .join(", ");
  return (
    <figure className="curve">
      <figcaption>
        <span className="curve-title">
          {title}
          {unit && <span className="dimmed"> {unit}</span>}
        </span>
        {isZoomed && (
          <button type="button" className="row-button" aria-label={`All steps of ${title}`} onClick={showAll}>
            All steps
          </button>
        )}
        {lines.map(({ label }, i) => (
          <span key={label} className="curve-value">
            {lines.length > 1 && <span className="swatch" data-series={i + 1} />}
            {lines.length > 1 && `${label} `}
            <span
              ref={(element) => {
                legend.current[i] = element;
              }}
            >
              {latest[i] === null ? "–" : format(latest[i])}
            </span>
          </span>
        ))}
      </figcaption>
      <div ref={place} role="img" aria-label={`${title} by step; newest values: ${said}`} />
    </figure>
  );
}

function isSingle(values: uPlot.AlignedData[number]): boolean {
  let known = 0;
  for (const value of values) if (value != null && ++known > 1) return false;
  return known === 1;
}

function lastOf({ values }: Series): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/** Axes of small numbers, such as a learning rate, in powers of ten. */
function tickText(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size < 0.001 || size >= 1e6)) return Number(value.toPrecision(4)).toExponential();
  return String(Number(value.toPrecision(6)));
}

/** All lines over all of their steps; where one has no value at a step, there is a gap that is drawn over. */
function joined(lines: readonly Line[]): uPlot.AlignedData {
  const [first] = lines;
  const sameSteps = lines.every(
    ({ series: { steps } }) =>
      steps.length === first.series.steps.length &&
      steps.at(-1) === first.series.steps.at(-1) &&
      steps[0] === first.series.steps[0],
  );
  if (sameSteps) return [first.series.steps, ...lines.map(({ series }) => series.values)];
  return uPlot.join(lines.map(({ series: { steps, values } }): uPlot.AlignedData => [steps, values]));
}
