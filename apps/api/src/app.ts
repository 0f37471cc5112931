import { NO_TRACING } from "@drc/tracing";
import cookie from "@fastify/cookie";
import multipart from "@fastify/multipart";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { ApiContext } from "./context.ts";
import { ServerMetrics } from "./metrics/server-metrics.ts";
import { registerOpenApi } from "./openapi/register.ts";
import { KeyCheck, listRoutes, registerAuthentication } from "./plugins/authentication.ts";
import { registerDashboard } from "./plugins/dashboard.ts";
import { registerEtags } from "./plugins/etag.ts";
import { answerUnroutable, registerProblems } from "./plugins/problems.ts";
import { registerRateLimit } from "./plugins/rate-limit.ts";
import { registerRequestIds, requestIdOf } from "./plugins/request-id.ts";
import { describeRequest, RequestLog } from "./plugins/request-log.ts";
import { registerRequestMetrics } from "./plugins/request-metrics.ts";
import { registerRequestTracing } from "./plugins/request-tracing.ts";
import { registerSecurityHeaders } from "./plugins/security-headers.ts";
import { compressionRoutes } from "./routes/compressions.ts";
import { datasetFileRoutes } from "./routes/dataset-files.ts";
import { datasetImageRoutes } from "./routes/dataset-images.ts";
import { datasetRoutes } from "./routes/datasets.ts";
import { healthRoutes } from "./routes/health.ts";
import { jobControlRoutes } from "./routes/job-control.ts";
import { jobRecordRoutes } from "./routes/job-records.ts";
import { jobStreamRoutes } from "./routes/job-stream.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { keyRoutes } from "./routes/keys.ts";
import { maintenanceRoutes } from "./routes/maintenance.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { modelRoutes } from "./routes/models.ts";
import { overviewRoutes } from "./routes/overview.ts";
import { sessionRoutes } from "./routes/session.ts";
import { sweepRoutes } from "./routes/sweeps.ts";
import { uploadRoutes } from "./routes/uploads.ts";
import { webhookMessageRoutes } from "./routes/webhook-messages.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { UPLOAD_LIMITS, type UploadLimits } from "./uploads/limits.ts";
import { validatorCompiler } from "./validation.ts";

/** Plans of large networks have some hundred widths; nothing in JSON is longer. */
const JSON_BODY_BYTES = 1024 * 1024;

/** The server without a port: routes, authentication, problem details. */
export async function buildApp(
  context: ApiContext,
  log: FastifyBaseLogger,
  limits: UploadLimits = UPLOAD_LIMITS,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log.child({}, { serializers: { req: describeRequest } }),
    bodyLimit: JSON_BODY_BYTES,
    forceCloseConnections: "idle",
    // A file of a dataset may have a name of 255 bytes, each of up to three characters in an address.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 800 },
    // Uploads may take long; a request's head may not.
    requestTimeout: 0,
    trustProxy: context.trustedProxies ?? false,
    genReqId: requestIdOf,
    logController: new RequestLog(log),
    frameworkErrors: answerUnroutable,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  listRoutes(app as unknown as FastifyInstance);
  registerRequestIds(app as unknown as FastifyInstance);
  registerRequestTracing(app as unknown as FastifyInstance, context.tracing ?? NO_TRACING);
  const metrics = context.metrics ?? new ServerMetrics(context.database, context);
  registerRequestMetrics(app as unknown as FastifyInstance, metrics);
  registerProblems(app as unknown as FastifyInstance);
  await registerSecurityHeaders(app as unknown as FastifyInstance);
  if (context.dashboard) await registerDashboard(app as unknown as FastifyInstance, context.dashboard);
  await app.register(cookie);
  await app.register(multipart, {
    throwFileSizeLimit: true,
    limits: { fields: 20, fieldSize: 10_000, headerPairs: 100 },
  });
  await registerOpenApi(app as unknown as FastifyInstance);
  const keys = new KeyCheck(context.database);
  await app.register(healthRoutes(context, keys));
  await app.register(async (guarded) => {
    registerAuthentication(guarded as unknown as FastifyInstance, keys);
    await guarded.register(metricsRoutes(metrics));
  });
  await app.register(
    async (v1) => {
      const instance = v1 as unknown as FastifyInstance;
      registerAuthentication(instance, keys);
      if (context.requestLimit) await registerRateLimit(instance, context.requestLimit);
      registerEtags(instance);
      await v1.register(keyRoutes(context));
      await v1.register(sessionRoutes(context, keys));
      await v1.register(overviewRoutes(context));
      await v1.register(maintenanceRoutes(context));
      await v1.register(uploadRoutes(context, limits));
      await v1.register(datasetRoutes(context, limits));
      await v1.register(datasetFileRoutes(context));
      await v1.register(datasetImageRoutes(context));
      await v1.register(modelRoutes(context, limits));
      await v1.register(jobRoutes(context));
      await v1.register(jobControlRoutes(context));
      await v1.register(jobRecordRoutes(context));
      await v1.register(jobStreamRoutes(context));
      await v1.register(compressionRoutes(context));
      await v1.register(sweepRoutes(context));
      await v1.register(webhookRoutes(context));
      await v1.register(webhookMessageRoutes(context));
    },
    { prefix: "/v1" },
  );
  return app as unknown as FastifyInstance;
}
