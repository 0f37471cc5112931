/** A plot of PSNR against parameters as an SVG file, legible on white and on black. */

export interface Curve {
  name: string;
  /** Ascending in `parameters`. */
  points: { parameters: number; psnr: number }[];
}

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { left: 64, right: 190, top: 40, bottom: 48 };
/** Told apart by people who see few colours, and by their marks. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"];
const TEXT = 'fill="#7f7f7f" font-family="sans-serif" font-size="12"';

export function curvesSvg(title: string, curves: readonly Curve[]): string {
  const all = curves.flatMap(({ points }) => points);
  const x = axis(
    all.map(({ parameters }) => parameters / 1000),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = axis(
    all.map(({ psnr }) => psnr),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${title}">`,
    `<text x="${MARGIN.left}" y="22" ${TEXT} font-weight="bold">${title}</text>`,
  ];
  for (const value of x.ticks) {
    const at = x.place(value).toFixed(1);
    lines.push(
      `<line x1="${at}" x2="${at}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="#7f7f7f" stroke-opacity="0.25"/>`,
      `<text x="${at}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle" ${TEXT}>${value}</text>`,
    );
  }
  for (const value of y.ticks) {
    const at = y.place(value).toFixed(1);
    lines.push(
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" stroke="#7f7f7f" stroke-opacity="0.25"/>`,
      `<text x="${MARGIN.left - 8}" y="${Number(at) + 4}" text-anchor="end" ${TEXT}>${value.toFixed(y.digits)}</text>`,
    );
  }
  lines.push(
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle" ${TEXT}>parameters, thousands</text>`,
    `<text x="16" y="${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}" text-anchor="middle" transform="rotate(-90 16 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2})" ${TEXT}>PSNR, dB</text>`,
  );
  curves.forEach(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const placed = points.map((point) => [x.place(point.parameters / 1000).toFixed(1), y.place(point.psnr).toFixed(1)]);
    lines.push(
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${placed.map((at) => at.join(",")).join(" ")}"/>`,
      ...placed.map(([cx, cy]) => mark(i, Number(cx), Number(cy), colour)),
    );
    const legendY = MARGIN.top + 10 + i * 20;
    const legendX = WIDTH - MARGIN.right + 16;
    lines.push(
      mark(i, legendX, legendY, colour),
      `<text x="${legendX + 12}" y="${legendY + 4}" ${TEXT}>${name}</text>`,
    );
  });
  return `${[...lines, "</svg>"].join("\n")}\n`;
}

function mark(i: number, x: number, y: number, colour: string): string {
  if (i % 3 === 0) return `<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>`;
  if (i % 3 === 1) return `<rect x="${x - 4}" y="${y - 4}" width="8" height="8" fill="${colour}"/>`;
  return `<polygon points="${x},${y - 5} ${x + 5},${y + 4} ${x - 5},${y + 4}" fill="${colour}"/>`;
}

/** Round values that span all of `values`, and where each lies between two places in pixels. */
function axis(values: readonly number[], from: number, to: number) {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const rough = (most - least || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const start = Math.floor(least / step) * step;
  const end = Math.ceil(most / step) * step;
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const ticks = Array.from({ length: Math.round((end - start) / step) + 1 }, (_, i) =>
    Number((start + i * step).toFixed(digits)),
  );
  return { ticks, digits, place: (value: number) => from + ((value - start) / (end - start)) * (to - from) };
}
