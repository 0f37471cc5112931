import {
  ApiError,
  addUploadsBody,
  COMPARISON_PREFIX,
  createDatasetBody,
  createDatasetVersionBody,
  datasetId,
  datasetListQuery,
  datasetResource as datasetSchema,
  jobSpec,
  newId,
  pageOf,
  type UploadResource,
  uploadResource,
  datasetVersionResource as versionSchema,
} from "@drc/contracts";
import {
  createJobs,
  describeVersions,
  newJobId,
  registerBlobs,
  requireStoredBytes,
  type StoreCheck,
  type Transaction,
  toJson,
} from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { nameSearch } from "../name-search.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { DATASET_COUNTS, datasetResource, datasetVersionResource } from "../resources/dataset-resource.ts";
import { deleteDataset, deleteDatasetVersion } from "../submission/delete-inputs.ts";
import { jobName } from "../submission/job-name.ts";
import { lockDataset, missingDataset } from "../submission/lock-dataset.ts";
import type { UploadLimits } from "../uploads/limits.ts";
import { receiveFiles } from "../uploads/receive-files.ts";
import { registerStored } from "../uploads/register-stored.ts";
import { storeWithinQuota } from "../uploads/storage-quota.ts";
import { uploadedFiles } from "../uploads/use-uploads.ts";
import { parseBody } from "../validation.ts";

const datasetParams = z.strictObject({ datasetId });
/** Any number of files and archives, under any names of fields. */
const filesForm = z.object({ file: z.array(z.file()).min(1) });
const versionParams = z.strictObject({ datasetId, version: z.coerce.number().int().min(1) });

export function datasetRoutes({ database, store }: ApiContext, limits: UploadLimits): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post(
      "/datasets",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "createDataset",
          summary: "Make an empty dataset",
          tags: ["Datasets"],
          body: createDatasetBody,
          creates: true,
          response: answers({ 201: datasetSchema }),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, request.body, async (transaction) => {
          const dataset = await transaction.dataset.create({
            data: { id: newId("dataset"), name: request.body.name, apiKeyId: request.caller.apiKeyId },
            include: DATASET_COUNTS,
          });
          return { status: 201, location: `/v1/datasets/${dataset.id}`, body: datasetResource(dataset) };
        }),
    );

    app.get(
      "/datasets",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listDatasets",
          summary: "List datasets, newest first; `search` is an identifier or a part of the name",
          tags: ["Datasets"],
          querystring: datasetListQuery,
          response: answers({ 200: pageOf(datasetSchema) }),
        },
      },
      async (request) => {
        const { after, ...page } = pageArguments(request.query);
        const { search, comparisons } = request.query;
        const others = comparisons === "without" ? [{ NOT: { name: { startsWith: COMPARISON_PREFIX } } }] : [];
        const where = { AND: [after, nameSearch(search, datasetId), ...others] };
        const rows = await database.dataset.findMany({ ...page, where, include: DATASET_COUNTS });
        return toPage(rows, request.query.limit, datasetResource);
      },
    );

    app.get(
      "/datasets/:datasetId",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getDataset",
          summary: "One dataset",
          tags: ["Datasets"],
          params: datasetParams,
          response: answers({ 200: datasetSchema }),
        },
      },
      async (request) => {
        const where = { id: request.params.datasetId };
        const dataset = await database.dataset.findUnique({ where, include: DATASET_COUNTS });
        if (!dataset) throw missingDataset(where.id);
        return datasetResource(dataset);
      },
    );

    app.post(
      "/datasets/:datasetId/files",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "uploadDatasetFiles",
          summary: "Upload images and archives (zip, tar, tar.gz)",
          description: "A name again replaces the file. An archive is refused whole where anything in it is.",
          tags: ["Datasets"],
          params: datasetParams,
          form: filesForm,
          formOrJson: addUploadsBody,
          creates: true,
          response: answers(
            { 201: uploadResource },
            "ARCHIVE_INVALID",
            "CONFLICT",
            "STORE_UNAVAILABLE",
            "BLOB_REMOVED",
          ),
        },
      },
      async (request, reply) => {
        const { datasetId: id } = request.params;
        const { caller } = request;
        if (!(await database.dataset.findUnique({ where: { id } }))) throw missingDataset(id);
        const sink = await storeWithinQuota(store, database, caller, { counted: !request.isMultipart() });
        const sizes = { files: limits.files, fileSize: limits.archiveBytes };
        // Folders are part of a name: they say what is an HR and what an LR image.
        const parts = request.isMultipart()
          ? request.files({ limits: sizes, preservePath: true })
          : uploadedFiles(database, store, parseBody(addUploadsBody, request.body));
        const { files, ignored } = await receiveFiles(sink, parts, limits);
        const hashes = files.map(({ sha256 }) => sha256);
        const keep = async (transaction: Transaction, isStored: StoreCheck) => {
          // A version that is made meanwhile takes all of the old files or all of the new ones, whose blobs stay with it.
          await lockDataset(transaction, id);
          await registerBlobs(transaction, files, isStored);
          await transaction.datasetFile.deleteMany({
            where: { datasetId: id, name: { in: files.map((file) => file.name) } },
          });
          await transaction.datasetFile.createMany({
            data: files.map(({ name, sha256 }) => ({ datasetId: id, name, sha256, apiKeyId: caller.apiKeyId })),
          });
          await requireStoredBytes(transaction, caller.apiKeyId);
          const body: UploadResource = { files, ignored };
          return { status: 201, location: `/v1/datasets/${id}`, body };
        };
        return registerStored({ database, store }, hashes, (isStored) =>
          createOnce(database, request, reply, files, (transaction) => keep(transaction, isStored)),
        );
      },
    );

    app.post(
      "/datasets/:datasetId/versions",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "createDatasetVersion",
          summary: "Make a version of the files as they are now",
          description: "Starts an ingest job: it can be used once it says `ready`.",
          tags: ["Datasets"],
          params: datasetParams,
          body: createDatasetVersionBody,
          creates: true,
          response: answers({ 202: versionSchema }, "CONFLICT"),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, request.body, async (transaction) => {
          const { datasetId: id } = request.params;
          await lockDataset(transaction, id);
          const files = await transaction.datasetFile.findMany({
            where: { datasetId: id },
            include: { blob: true },
            orderBy: { name: "asc" },
          });
          if (files.length === 0) {
            throw new ApiError(
              "CONFLICT",
              `The dataset ${id} has no files yet. Upload some to /v1/datasets/${id}/files.`,
            );
          }
          const { name, lastVersion: number } = await transaction.dataset.update({
            where: { id },
            data: { lastVersion: { increment: 1 } },
          });
          const settings = request.body;
          const jobId = newJobId();
          const created = await transaction.datasetVersion.create({
            data: {
              datasetId: id,
              number,
              ...settings,
              state: "ingesting",
              files: toJson(
                files.map(({ name, sha256, blob }) => ({ name, sha256, sizeBytes: Number(blob.sizeBytes) })),
              ),
              ingestJobId: jobId,
            },
          });
          const spec = { dataset: { datasetId: id, version: number }, ...settings };
          await createJobs(transaction, [
            {
              id: jobId,
              name: jobName(name, `version ${number}`),
              apiKeyId: request.caller.apiKeyId,
              traceparent: request.traceparent,
              work: jobSpec.parse({ kind: "ingest", spec }),
              deviceClass: "none",
              seed: 0,
              priority: 50,
              parents: [],
            },
          ]);
          return {
            status: 202,
            location: `/v1/datasets/${id}/versions/${number}`,
            body: datasetVersionResource({ ...created, images: 0 }),
          };
        }),
    );

    app.get(
      "/datasets/:datasetId/versions",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listDatasetVersions",
          summary: "All versions of a dataset",
          tags: ["Datasets"],
          params: datasetParams,
          response: answers({ 200: pageOf(versionSchema) }),
        },
      },
      async (request) => {
        const { datasetId: id } = request.params;
        if (!(await database.dataset.findUnique({ where: { id } }))) throw missingDataset(id);
        const versions = await describeVersions(database, id);
        return { items: versions.map(datasetVersionResource), nextCursor: null };
      },
    );

    app.get(
      "/datasets/:datasetId/versions/:version",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getDatasetVersion",
          summary: "One version, with its bad files and notes",
          tags: ["Datasets"],
          params: versionParams,
          response: answers({ 200: versionSchema }),
        },
      },
      async (request) => {
        const { datasetId: id, version: number } = request.params;
        const [version] = await describeVersions(database, id, number);
        if (!version) throw new ApiError("NOT_FOUND", `There is no version ${number} of a dataset ${id}.`);
        return datasetVersionResource(version);
      },
    );

    app.delete(
      "/datasets/:datasetId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteDataset",
          summary: "Delete a dataset and its versions",
          description: "409 where unfinished jobs read it. Bytes that others use stay.",
          tags: ["Datasets"],
          params: datasetParams,
          response: answers({ 204: {} }, "CONFLICT"),
        },
      },
      async (request, reply) => {
        await deleteDataset(database, request.params.datasetId);
        return reply.code(204).send();
      },
    );

    app.delete(
      "/datasets/:datasetId/versions/:version",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteDatasetVersion",
          summary: "Delete one version",
          description: "409 where unfinished jobs read it. Its number is not given again.",
          tags: ["Datasets"],
          params: versionParams,
          response: answers({ 204: {} }, "CONFLICT"),
        },
      },
      async (request, reply) => {
        await deleteDatasetVersion(database, request.params.datasetId, request.params.version);
        return reply.code(204).send();
      },
    );

    done();
  };
}
