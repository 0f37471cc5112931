/** The rules for Prometheus and the dashboard for Grafana ask for metrics that the programs have. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { ServerMetrics } from "../apps/api/src/metrics/server-metrics.ts";
import { WorkerMetrics } from "../apps/worker/src/metrics/worker-metrics.ts";

const root = new URL("../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");

async function knownNames(): Promise<Set<string>> {
  const texts = [await new ServerMetrics({} as never).text(), await new WorkerMetrics([]).text()];
  const families = [...texts.join("\n").matchAll(/^# TYPE (drc_\w+) (\w+)$/gm)];
  return new Set(
    families.flatMap(([, name, type]) => (type === "histogram" ? [`${name}_bucket`, `${name}_count`] : [name])),
  );
}

const namesIn = (text: string) => [...new Set([...text.matchAll(/\bdrc_[a-z_]+/g)].map(([name]) => name))];

it("alert rules have a severity and a summary, and know the metrics that they ask for", async () => {
  const { groups } = parse(read("infra/prometheus/rules.yml"));
  const rules: { alert: string; expr: string; labels: object; annotations: { summary: string } }[] = groups[0].rules;
  expect(rules.length).toBeGreaterThan(8);
  const known = await knownNames();
  for (const { alert, expr, labels, annotations } of rules) {
    expect(labels, alert).toEqual({ severity: expect.stringMatching(/^(warning|critical)$/) });
    expect(annotations.summary, alert).toMatch(/\.$/);
    expect(
      namesIn(expr).filter((name) => !known.has(name)),
      alert,
    ).toEqual([]);
  }
  expect(parse(read("infra/prometheus/prometheus.yml")).rule_files).toEqual(["rules.yml"]);
});

it("the dashboard shows metrics that there are, and all of them", async () => {
  const dashboard = JSON.parse(read("infra/grafana/dashboard.json"));
  const panels: { targets: { expr: string }[] }[] = dashboard.panels;
  const shown = new Set(panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr))));
  const known = await knownNames();
  expect([...shown].filter((name) => !known.has(name))).toEqual([]);
  const elsewhere = [
    "drc_keeper_held",
    "drc_database_up",
    "drc_workers",
    "drc_running_jobs",
    "drc_backend_works",
    "drc_blobs",
  ];
  const missing = [...known].filter((name) => !shown.has(name) && !/_(bucket|count)$/.test(name));
  expect(missing.sort()).toEqual(elsewhere.sort());
});
