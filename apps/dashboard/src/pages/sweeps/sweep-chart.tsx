import type { SweepPointResource } from "@drc/contracts";
import { useElementSize } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { scaleLinear } from "d3-scale";
import { useState } from "react";
import { short } from "../../components/format.ts";
import {
  budgetText,
  type ChartData,
  cellKey,
  type MeanMark,
  QUALITY_AXES,
  type Quality,
  rangeOf,
} from "./chart-data.ts";
import { type Look, lookOf } from "./mark-shape.tsx";
import { jobOfPoint } from "./point-job.ts";

const MARGIN = { top: 14, right: 18, bottom: 44, left: 72 };
const HEIGHT_PX = 380;
const NARROW_PX = 520;
const CAP_PX = 4;
/** Bicubic further below than all the rest is high, or the original so far away, would press the rest together. */
const FAR = 0.6;

interface SweepChartProps {
  data: ChartData;
  quality: Quality;
  /** Of the axis, with its unit. */
  costTitle: string;
  /** Names of all methods, in the order of the grid: a look for each. */
  methods: readonly string[];
}

/** Quality against cost: a mark for each point, which is a link to its job, and for the mean over several seeds. */
export function SweepChart({ data, quality, costTitle, methods }: SweepChartProps) {
  const { ref, width: measured } = useElementSize<HTMLElement>();
  const [told, setTold] = useState<string | null>(null);
  const width = Math.max(280, measured);
  const height = width < NARROW_PX ? HEIGHT_PX * 0.85 : HEIGHT_PX;
  const axis = QUALITY_AXES[quality];
  const { means, points, front, original, bicubic } = data;
  const costs = [...means, ...points, ...(original ? [original] : [])].map(({ cost }) => cost);
  const ownQualities = [
    ...means.flatMap(({ quality: mean, qualityDeviation }) => [mean - qualityDeviation, mean + qualityDeviation]),
    ...[...points, ...(original ? [original] : [])].map((mark) => mark.quality),
  ];
  const [low, high] = rangeOf(ownQualities);
  const shown = bicubic !== null && bicubic > low - FAR * (high - low);
  const x = scaleLinear(rangeOf(costs), [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear(rangeOf(shown ? [...ownQualities, bicubic] : ownQualities), [
    height - MARGIN.bottom,
    MARGIN.top,
  ]);
  const valueText = (value: number) => `${value.toFixed(axis.digits)}${axis.unit}`;
  const lookOfMethod = (method: string) => lookOf(methods.indexOf(method));
  const tell = (text: string) => ({
    onMouseEnter: () => setTold(text),
    onMouseLeave: () => setTold(null),
    onFocus: () => setTold(text),
    onBlur: () => setTold(null),
  });
  const places = [...points, ...(original ? [original] : [])].map((mark) => ({ x: x(mark.cost), y: y(mark.quality) }));
  const alone = new Map(means.map(({ row }) => [cellKey(row), row.seeds === 1]));
  return (
    <figure ref={ref} className="sweep-chart">
      <svg width={width} height={height}>
        <title>{`${axis.title}, against ${costTitle}`}</title>
        <Axes {...{ x, y, width, height, qualityTitle: axis.title, costTitle }} />
        {original && (
          <Level
            y={y(original.quality)}
            width={width}
            places={places}
            text={`original ${valueText(original.quality)}`}
            className="original"
          />
        )}
        {bicubic !== null && (
          <Level
            y={shown ? y(bicubic) : height - MARGIN.bottom}
            width={width}
            places={places}
            text={`bicubic ${valueText(bicubic)}${shown ? "" : ", below"}`}
            className={shown ? "bicubic" : "bicubic far"}
          />
        )}
        {methods.map((method) => (
          <polyline
            key={method}
            className="series-line"
            stroke={lookOfMethod(method).colour}
            points={lineOf(means.filter(({ row }) => row.method === method))
              .map((mark) => `${x(mark.cost)},${y(mark.quality)}`)
              .join(" ")}
          />
        ))}
        <Front front={front} x={x} y={y} />
        {means.map((mean) => (
          <ErrorBars key={cellKey(mean.row)} mean={mean} x={x} y={y} colour={lookOfMethod(mean.row.method).colour} />
        ))}
        {means
          .filter(({ row }) => row.seeds > 1)
          .map(({ row, cost, quality: mean }) => (
            <MeanShape key={cellKey(row)} look={lookOfMethod(row.method)} at={[x(cost), y(mean)]} />
          ))}
        {original && (
          <path
            className="original-mark"
            d={STAR}
            transform={`translate(${x(original.cost)},${y(original.quality)}) scale(8)`}
          />
        )}
        {points.map(({ point, cost, quality: value }) => {
          const hidden = points.filter(
            (other) =>
              other.point.number < point.number &&
              Math.hypot(x(other.cost) - x(cost), y(other.quality) - y(value)) < SAME_SPOT_PX,
          );
          const text =
            `${nameOf(point)}: ${valueText(value)}, ${short(cost)} ${costTitle}` +
            (hidden.length > 0 ? `; on the same spot ${hidden.map((other) => nameOf(other.point)).join("; ")}` : "");
          const single = alone.get(cellKey(point)) ?? true;
          return (
            <Link
              key={point.number}
              to="/jobs/$jobId"
              params={{ jobId: jobOfPoint(point) }}
              aria-label={text}
              className="point-link"
              {...tell(text)}
            >
              <title>{text}</title>
              <circle cx={x(cost)} cy={y(value)} r={10} className="point-target" />
              <Shape look={lookOfMethod(point.method)} at={[x(cost), y(value)]} radius={single ? 6 : 3} />
            </Link>
          );
        })}
      </svg>
      <figcaption className="chart-told">{told ?? "Each mark is a link to the job that made the network."}</figcaption>
    </figure>
  );
}

/** Marks that are nearer than this lie on each other. */
const SAME_SPOT_PX = 6;

function nameOf({ method, budget, seed }: SweepPointResource): string {
  return `${method}, ${budgetText(budget)} removed, seed ${seed}`;
}

const STAR = "M0,-1L0.23,-0.32L0.95,-0.31L0.38,0.12L0.59,0.81L0,0.4L-0.59,0.81L-0.38,0.12L-0.95,-0.31L-0.23,-0.32Z";

type Scale = ReturnType<typeof scaleLinear<number, number>>;

interface AxesProps {
  x: Scale;
  y: Scale;
  width: number;
  height: number;
  qualityTitle: string;
  costTitle: string;
}

function Axes({ x, y, width, height, qualityTitle, costTitle }: AxesProps) {
  const bottom = height - MARGIN.bottom;
  const xTicks = x.ticks(width < NARROW_PX ? 4 : 8);
  const yTicks = y.ticks(6);
  const yText = y.tickFormat(6);
  return (
    <g className="axes">
      {yTicks.map((tick) => (
        <g key={tick} transform={`translate(0,${y(tick)})`}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} className="grid" />
          <text x={MARGIN.left - 8} dy="0.32em" textAnchor="end">
            {yText(tick)}
          </text>
        </g>
      ))}
      {xTicks.map((tick) => (
        <g key={tick} transform={`translate(${x(tick)},0)`}>
          <line y1={MARGIN.top} y2={bottom + 5} className="grid" />
          <text y={bottom + 18} textAnchor="middle">
            {short(tick)}
          </text>
        </g>
      ))}
      <line x1={MARGIN.left} x2={width - MARGIN.right} y1={bottom} y2={bottom} className="axis" />
      <line x1={MARGIN.left} x2={MARGIN.left} y1={MARGIN.top} y2={bottom} className="axis" />
      <text x={(MARGIN.left + width - MARGIN.right) / 2} y={height - 8} textAnchor="middle" className="axis-title">
        {costTitle}
      </text>
      <text
        transform={`translate(14,${(MARGIN.top + bottom) / 2}) rotate(-90)`}
        textAnchor="middle"
        className="axis-title"
      >
        {qualityTitle}
      </text>
    </g>
  );
}

/** Where the name of a level stands, from its line. */
const NAME = { width: 150, above: 24, below: 8 };

interface LevelProps {
  y: number;
  width: number;
  text: string;
  className: string;
  /** Of the marks. */
  places: readonly { x: number; y: number }[];
}

/** A line over the whole width, with its name at the left, or at the right where marks would be written over. */
function Level({ y, width, text, className, places }: LevelProps) {
  const near = places.filter((place) => place.y > y - NAME.above && place.y < y + NAME.below);
  const isLeftTaken = near.some((place) => place.x < MARGIN.left + NAME.width);
  const isRightTaken = near.some((place) => place.x > width - MARGIN.right - NAME.width);
  const isRight = isLeftTaken && !isRightTaken;
  return (
    <g className={`level ${className}`}>
      <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y} y2={y} />
      <text x={isRight ? width - MARGIN.right - 6 : MARGIN.left + 6} y={y - 5} textAnchor={isRight ? "end" : "start"}>
        {text}
      </text>
    </g>
  );
}

/** A step from each mark to the next: in between nothing is as good for less. */
function Front({ front, x, y }: { front: readonly MeanMark[]; x: Scale; y: Scale }) {
  const path = front.map(({ cost, quality }, i) =>
    i === 0 ? `M${x(cost)},${y(quality)}` : `H${x(cost)}V${y(quality)}`,
  );
  return (
    <g className="front">
      <path d={path.join("")} />
      {front.map(({ row, cost, quality }) => (
        <circle key={cellKey(row)} cx={x(cost)} cy={y(quality)} r={11} />
      ))}
    </g>
  );
}

/** One standard deviation to both sides. */
function ErrorBars({ mean, x, y, colour }: { mean: MeanMark; x: Scale; y: Scale; colour: string }) {
  const { cost, quality, costDeviation, qualityDeviation } = mean;
  const [left, right] = [x(cost - costDeviation), x(cost + costDeviation)];
  const [top, bottom] = [y(quality + qualityDeviation), y(quality - qualityDeviation)];
  const [cx, cy] = [x(cost), y(quality)];
  const upright = `M${cx},${top}V${bottom}M${cx - CAP_PX},${top}h${2 * CAP_PX}M${cx - CAP_PX},${bottom}h${2 * CAP_PX}`;
  const across = `M${left},${cy}H${right}M${left},${cy - CAP_PX}v${2 * CAP_PX}M${right},${cy - CAP_PX}v${2 * CAP_PX}`;
  return (
    <path
      className="error-bars"
      stroke={colour}
      d={(qualityDeviation > 0 ? upright : "") + (costDeviation > 0 ? across : "")}
    />
  );
}

interface ShapeProps {
  look: Look;
  at: [number, number];
  radius: number;
}

function Shape({ look, at: [cx, cy], radius }: ShapeProps) {
  return <path d={look.path} fill={look.colour} transform={`translate(${cx},${cy}) scale(${radius})`} />;
}

/** Hollow, so that the seeds are seen within it. */
function MeanShape({ look, at: [cx, cy] }: Omit<ShapeProps, "radius">) {
  return <path className="mean" d={look.path} stroke={look.colour} transform={`translate(${cx},${cy}) scale(7)`} />;
}

function lineOf(means: readonly MeanMark[]): MeanMark[] {
  return means.toSorted((a, b) => a.cost - b.cost);
}
