import {
  ApiError,
  createModelBody,
  displayName,
  fieldErrors,
  formatModelCard,
  messageOf,
  modelCard,
  modelCardQuery,
  modelDownloadQuery,
  modelFields,
  modelId,
  modelListQuery,
  modelResource as modelSchema,
  newId,
  pageOf,
} from "@drc/contracts";
import { insertModels, requireStoredBytes, type StoreCheck, type Transaction } from "@drc/database";
import { costAtPublishedSizes, encodeModel, networkScale } from "@drc/network";
import type { FastifyRequest } from "fastify";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { attachment, fileNameOf } from "../content-disposition.ts";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { ModelConverter } from "../exports/model-converter.ts";
import { readModelCard } from "../model-card/read-model-card.ts";
import { nameSearch } from "../name-search.ts";
import { answers, bodyOf } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { MODEL_COLUMNS, modelResource } from "../resources/model-resource.ts";
import { deleteModel } from "../submission/delete-inputs.ts";
import type { UploadLimits } from "../uploads/limits.ts";
import { readModel } from "../uploads/read-model.ts";
import { registerStored } from "../uploads/register-stored.ts";
import { storeWithinQuota } from "../uploads/storage-quota.ts";
import { requireComplete } from "../uploads/use-uploads.ts";
import { parseBody } from "../validation.ts";

const modelParams = z.strictObject({ modelId });

/** The fields of the form beside the file. */
const formFields = z.strictObject({
  ...modelFields,
  scale: z.coerce.number().int().optional(),
});

const uploadForm = formFields.extend({ file: z.file() });

/** Of an upload there is no job. */
const FINAL = [{ role: { not: "last" } }, { OR: [{ originJobId: null }, { originJob: { kind: { not: "prune" } } }] }];

export function modelRoutes({ database, store }: ApiContext, limits: UploadLimits): FastifyPluginCallbackZod {
  const converter = new ModelConverter();

  /** An upload's bytes, which are read whole as those of a form. */
  const readUpload = async (body: unknown) => {
    const { uploadId, ...fields } = parseBody(createModelBody, body);
    const upload = await requireComplete(database, "/uploadId", uploadId);
    if (Number(upload.sizeBytes) > limits.modelBytes) {
      const detail = `The file has more than the ${limits.modelBytes} bytes that are allowed for a model.`;
      throw new ApiError("PAYLOAD_TOO_LARGE", detail, [{ pointer: "/uploadId", detail }]);
    }
    return { fields, bytes: await store.read(upload.sha256), fileName: upload.name };
  };

  return (app, _options, done) => {
    app.get(
      "/models",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listModels",
          summary:
            "List models, newest first; `search` is an identifier or a part of the name; `stage=final` leaves out what is on the way",
          tags: ["Models"],
          querystring: modelListQuery,
          response: answers({ 200: pageOf(modelSchema) }),
        },
      },
      async (request) => {
        const { after, ...page } = pageArguments(request.query);
        const { search, stage } = request.query;
        const where = { AND: [after, nameSearch(search, modelId), ...(stage === "final" ? FINAL : [])] };
        const rows = await database.model.findMany({ ...page, where, ...MODEL_COLUMNS });
        return toPage(rows, request.query.limit, modelResource);
      },
    );

    app.get(
      "/models/:modelId",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getModel",
          summary: "One model: cost, scale, where it comes from",
          tags: ["Models"],
          params: modelParams,
          response: answers({ 200: modelSchema }),
        },
      },
      async (request) => {
        const { modelId: id } = request.params;
        const model = await database.model.findUnique({ where: { id }, ...MODEL_COLUMNS });
        if (!model) throw missing(id);
        return modelResource(model);
      },
    );

    app.get(
      "/models/:modelId/card",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getModelCard",
          summary: "A model's card: what it is, where it comes from, what it costs and how good it is",
          description:
            "Markdown to be kept beside the file, or the same as JSON. The licence is unknown unless `licence` says it.",
          tags: ["Models"],
          params: modelParams,
          querystring: modelCardQuery,
          response: answers({
            200: { ...bodyOf("text/markdown", z.string()), ...bodyOf("application/json", modelCard) },
          }),
        },
      },
      async (request, reply) => {
        const { modelId: id } = request.params;
        const { format, licence } = request.query;
        const card = await readModelCard(database, id, licence);
        if (!card) throw missing(id);
        if (format === "json") return reply.type("application/json").send(card);
        return reply.type("text/markdown; charset=utf-8").send(formatModelCard(card));
      },
    );

    app.get(
      "/models/:modelId/download",
      {
        config: { scope: "read" },
        schema: {
          operationId: "downloadModel",
          summary: "A model's file",
          description:
            "As safetensors with its dual networks, as ONNX, or as a zip archive with the two files of a TensorFlow.js " +
            "graph model. Models up to 256 MiB are converted, one at a time.",
          tags: ["Models"],
          params: modelParams,
          querystring: modelDownloadQuery,
          response: answers(
            { 200: { ...bodyOf("application/octet-stream"), ...bodyOf("application/zip") } },
            "PAYLOAD_TOO_LARGE",
            "RATE_LIMITED",
            "STORE_UNAVAILABLE",
          ),
        },
      },
      async (request, reply) => {
        const { modelId: id } = request.params;
        const model = await database.model.findUnique({ where: { id }, ...MODEL_COLUMNS });
        if (!model) throw missing(id);
        const { format } = request.query;
        if (format === "safetensors") {
          return reply
            .type("application/octet-stream")
            .header("content-disposition", attachment(fileNameOf(model, ".safetensors")))
            .header("content-length", String(model.blob.sizeBytes))
            .send(await store.stream(model.sha256));
        }
        const facts = { model: id, sha256: model.sha256, ...(model.originJobId ? { job: model.originJobId } : {}) };
        const read = () => store.read(model.sha256);
        const isWanted = () => !request.raw.socket.destroyed;
        const file = await converter.convert(Number(model.blob.sizeBytes), read, isWanted, { format, facts });
        if (!file) return reply.hijack();
        return reply
          .type(file.contentType)
          .header("content-disposition", attachment(fileNameOf(model, file.extension)))
          .send(Buffer.from(file.bytes));
      },
    );

    app.post(
      "/models",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "uploadModel",
          summary: "Upload a safetensors file",
          description:
            "One of ours, or one with the PyTorch names of DRN, EDSR, RCAN or RFDN. With `preset` and `scale` another architecture is refused.",
          tags: ["Models"],
          form: uploadForm,
          formOrJson: createModelBody,
          creates: true,
          response: answers(
            { 201: modelSchema },
            "MODEL_INVALID",
            "ARCHITECTURE_MISMATCH",
            "CONFLICT",
            "STORE_UNAVAILABLE",
            "BLOB_REMOVED",
          ),
        },
      },
      async (request, reply) => {
        const { caller } = request;
        // An upload has been counted already.
        const sink = request.isMultipart() ? await storeWithinQuota(store, database, caller) : store;
        const { fields, bytes, fileName } = request.isMultipart()
          ? await readForm(request, limits)
          : await readUpload(request.body);
        const model = readModel(bytes, { preset: fields.preset, scale: fields.scale });
        const { graph } = model.primal;
        const blob = await sink.put(encodeModel(model));
        const keep = async (transaction: Transaction, isStored: StoreCheck) => {
          const id = newId("model");
          await insertModels(
            transaction,
            [
              {
                id,
                // A file may be called anything; what is no name for people is left to its architecture.
                name:
                  fields.name ??
                  displayName.safeParse(fileName.replace(/\.safetensors$/, "")).data ??
                  graph.architecture,
                blob,
                architecture: graph.architecture,
                scale: networkScale(graph),
                graph,
                dualNetworks: model.duals.length,
                cost: costAtPublishedSizes(graph),
                role: "uploaded",
                apiKeyId: caller.apiKeyId,
              },
            ],
            null,
            isStored,
          );
          await requireStoredBytes(transaction, caller.apiKeyId);
          const created = await transaction.model.findUniqueOrThrow({ where: { id }, ...MODEL_COLUMNS });
          return { status: 201, location: `/v1/models/${id}`, body: modelResource(created) };
        };
        return registerStored({ database, store }, [blob.sha256], (isStored) =>
          createOnce(database, request, reply, { ...fields, fileName, blob }, (transaction) =>
            keep(transaction, isStored),
          ),
        );
      },
    );

    app.delete(
      "/models/:modelId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteModel",
          summary: "Delete a model",
          description: "409 where unfinished jobs read it.",
          tags: ["Models"],
          params: modelParams,
          response: answers({ 204: {} }, "CONFLICT"),
        },
      },
      async (request, reply) => {
        await deleteModel(database, request.params.modelId);
        return reply.code(204).send();
      },
    );

    done();
  };
}

/** The form's one file, which is read whole: its list of tensors has to be checked before anything is kept. */
async function readForm(request: FastifyRequest, { modelBytes }: UploadLimits) {
  const given: Record<string, unknown> = {};
  let file: { bytes: Buffer; fileName: string } | undefined;
  for await (const part of request.parts({ limits: { files: 1, fileSize: modelBytes } })) {
    if (part.type === "file") file = { bytes: await part.toBuffer(), fileName: part.filename };
    else given[part.fieldname] = part.value;
  }
  const fields = formFields.safeParse(given, { error: messageOf, reportInput: true });
  if (!fields.success) {
    throw new ApiError("VALIDATION_FAILED", "The form is not valid.", fieldErrors(fields.error.issues));
  }
  if (!file) {
    const detail = "Send the safetensors file as a file of a multipart form.";
    throw new ApiError("VALIDATION_FAILED", detail, [{ pointer: "/file", detail }]);
  }
  return { fields: fields.data, ...file };
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no model ${id}.`);
}
