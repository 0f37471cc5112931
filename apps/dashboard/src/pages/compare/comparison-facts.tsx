import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { BelowBicubic } from "../../components/below-bicubic.tsx";
import { bytes, decibels, short } from "../../components/format.ts";
import { BUSY_MACHINE, latencyColumns, measuredOn } from "../../components/latency.ts";
import { Panel } from "../../components/panel.tsx";
import { PRIMAL_FILE } from "../../components/primal-file.tsx";
import { Table } from "../../components/table.tsx";
import { type Evaluation, ROLES } from "./evaluation.ts";

interface ComparisonFactsProps {
  evaluations: readonly Evaluation[];
  /** Its name. */
  image: string;
}

const latencyOf = ({ result }: Evaluation) => result.latencyHr1280x720;

/** PSNR of one image, cost and measured latency of each network. */
export function ComparisonFacts({ evaluations, image }: ComparisonFactsProps) {
  const qualities = evaluations.map((evaluation) => ({
    ...evaluation,
    quality: evaluation.result.images.find(({ name }) => name === image),
  }));
  const isMeasured = qualities.some(({ quality }) => quality && (quality.psnr !== null || quality.identical));
  const [{ result }] = evaluations;
  const psnrOf = (role: Evaluation["role"]) => qualities.find((one) => one.role === role)?.quality?.psnr;
  return (
    <Panel title="In numbers" flush>
      <Table
        label="Quality and cost of what is compared"
        rows={qualities}
        keyOf={({ role }) => role}
        columns={[
          {
            title: "Network",
            as: "short",
            cell: ({ role, spec: { model } }) =>
              model !== "bicubic" && "modelId" in model ? (
                <Link to="/models/$modelId" params={{ modelId: model.modelId }}>
                  {ROLES[role]}
                </Link>
              ) : (
                ROLES[role]
              ),
          },
          {
            title: "PSNR",
            as: "number",
            cell: ({ quality }) => (quality?.identical ? "identical" : decibels(quality?.psnr)),
          },
          { title: "SSIM", as: "number", cell: ({ quality }) => quality?.ssim?.toFixed(4) ?? "–" },
          { title: "Parameters", as: "number", cell: ({ result: { cost } }) => short(cost?.parameters) },
          {
            title: "Multiply-adds for 1280×720",
            head: (
              <>
                Multiply-adds
                <br />
                for 1280×720
              </>
            ),
            as: "number",
            cell: ({ result: { cost } }) => short(cost?.multiplyAddsHr1280x720),
          },
          ...latencyColumns<(typeof qualities)[number]>(latencyOf),
          { title: "File", head: PRIMAL_FILE, as: "number", cell: ({ result: { sizeBytes } }) => bytes(sizeBytes) },
          measuredOn<(typeof qualities)[number]>(latencyOf),
        ]}
      />
      <BelowBicubic
        networks={[
          { name: "the original", psnr: psnrOf("original") },
          { name: "the compressed network", psnr: psnrOf("compressed") },
        ]}
        bicubic={psnrOf("bicubic")}
      />
      <Text size="sm" c="dimmed" px="sm" pb="xs">
        {isMeasured
          ? `PSNR and SSIM as the server measures them: ${String(result.protocol.colour)}; ${String(result.protocol.borderPixels)} pixels cut from each side. ${change(qualities)}`
          : "There is no PSNR: the image is the LR image itself, and nothing is known to compare with. Look at the pictures."}
      </Text>
    </Panel>
  );
}

/** What the compression costs and saves, in a sentence. */
function change(rows: readonly (Evaluation & { quality?: Evaluation["result"]["images"][number] })[]): string {
  const before = rows.find(({ role }) => role === "original");
  const after = rows.find(({ role }) => role === "compressed");
  if (!before || !after) return "";
  const said: string[] = [];
  const [a, b] = [before.quality?.psnr, after.quality?.psnr];
  if (a != null && b != null) said.push(`${b < a ? "−" : "+"}${Math.abs(b - a).toFixed(2)} dB`);
  const [one, other] = [before.result.cost?.parameters, after.result.cost?.parameters];
  if (one && other) said.push(`${((100 * other) / one).toFixed(0)} % of the parameters`);
  const [slow, fast] = [before.result.latencyHr1280x720?.medianMs, after.result.latencyHr1280x720?.medianMs];
  if (slow && fast) said.push(`${((100 * fast) / slow).toFixed(0)} % of the latency`);
  const busy = slow && fast ? ` A ${BUSY_MACHINE}.` : "";
  return said.length > 0 ? `Compressed against original: ${said.join(", ")}.${busy}` : "";
}
