import type { JobEventResource, JobLogResource, JobMetricResource } from "@drc/contracts";
import type { JobEvent, JobLog, JobMetric } from "@drc/database";

export function eventResource({ number, type, data, createdAt }: JobEvent): JobEventResource {
  return { number, type, data: data as JobEventResource["data"], createdAt: createdAt.toISOString() };
}

export function metricResource({ number, stage, step, values, createdAt }: JobMetric): JobMetricResource {
  return { number, stage, step, values: values as JobMetricResource["values"], createdAt: createdAt.toISOString() };
}

export function logResource({ number, line, createdAt }: JobLog): JobLogResource {
  return { number, line, createdAt: createdAt.toISOString() };
}
