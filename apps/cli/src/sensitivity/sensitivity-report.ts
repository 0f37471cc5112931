import type { SensitivityPoint, SensitivityReport } from "@drc/compression";
import { type Column, formatTable } from "../terminal/table.ts";

const HEADER = ["layer", "channels", "share", "kept", "predicted_rise", "loss_rise", "psnr_loss_db", "loss", "psnr_db"];

/** A line for each layer and share. */
export function sensitivityCsv({ layers }: SensitivityReport): string {
  const lines = layers.flatMap(({ layer, width, points }) =>
    points.map(({ share, width: kept, predictedRise, lossRise, psnrLoss, measured }) =>
      [layer, width, share, kept, predictedRise, lossRise, psnrLoss ?? "", measured.loss, measured.psnr ?? ""].join(),
    ),
  );
  return `${[HEADER.join(), ...lines].join("\n")}\n`;
}

/** For people: a line for each layer, three columns for each share. */
export function formatSensitivity(report: SensitivityReport): string {
  const { original, layers, agreement, against, guide } = report;
  const shares = agreement.map(({ share }) => share).filter((share) => share !== "all");
  const columns: Column[] = [
    { title: "layer" },
    { title: "channels", align: "right" },
    ...shares.flatMap((share): Column[] => [
      { title: `−${percent(share)}: predicted`, align: "right" },
      { title: "loss", align: "right" },
      { title: "PSNR", align: "right" },
    ]),
  ];
  const rows = layers.map(({ layer, width, points }) => [
    layer,
    String(width),
    ...shares.flatMap((share) => cells(points.find((point) => point.share === share))),
  ]);
  return (
    `${formatTable(columns, rows)}\n` +
    `whole: loss ${original.loss.toFixed(3)} (${report.loss}), PSNR ${decibels(original.psnr)} to the ${stripped(against)}\n` +
    "loss and PSNR: what one layer changes when it alone is narrowed, without fine-tuning\n" +
    `predicted: rise of the guide ${guide}, to second order; rank correlation with what was measured:\n` +
    agreement
      .map(
        ({ share, points, lossRise, psnrLoss }) =>
          `  ${share === "all" ? "all" : `−${percent(share)}`}, ${points} points: loss ${rank(lossRise)}, PSNR ${rank(psnrLoss)}\n`,
      )
      .join("")
  );
}

function cells(point: SensitivityPoint | undefined): string[] {
  if (!point) return ["–", "–", "–"];
  const { predictedRise, lossRise, psnrLoss } = point;
  return [predictedRise.toExponential(1), signed(lossRise, 3), psnrLoss === null ? "–" : signed(-psnrLoss, 2)];
}

const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`;
const stripped = (text: string) => text.replace(/^the /, "");
const rank = (value: number | null) => (value === null ? "–" : value.toFixed(2));
const decibels = (value: number | null) => (value === null ? "identical" : `${value.toFixed(2)} dB`);

function signed(value: number, digits: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}
