import {
  ApiError,
  type CreateUploadBody,
  createUploadBody,
  type PresignedUploadResource,
  presignedUploadResource,
  uploadId,
} from "@drc/contracts";
import { deleteUpload, requireStoredBytes, type Upload } from "@drc/database";
import type { ArrivedPart } from "@drc/storage";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { answers } from "../openapi/answers.ts";
import { announceUpload } from "../uploads/announce-upload.ts";
import { completeUpload, refusalOf } from "../uploads/complete-upload.ts";
import { fileNameProblem } from "../uploads/file-name.ts";
import type { UploadLimits } from "../uploads/limits.ts";
import { describeParts, openUpload } from "../uploads/upload-parts.ts";

const uploadParams = z.strictObject({ uploadId });

/** URLs are good for no longer than their upload. */
function secondsLeft({ expiresAt }: Upload): number {
  return Math.max(60, Math.floor((expiresAt.getTime() - Date.now()) / 1000));
}

export function uploadRoutes(
  { database, store, presigned }: ApiContext,
  limits: UploadLimits,
): FastifyPluginCallbackZod {
  const resource = (upload: Upload, arrived: readonly ArrivedPart[]): PresignedUploadResource => ({
    id: upload.id,
    name: upload.name,
    sizeBytes: Number(upload.sizeBytes),
    sha256: upload.sha256,
    state: upload.state as PresignedUploadResource["state"],
    partSizeBytes: upload.partSizeBytes,
    parts: upload.state === "open" ? describeParts(presigned, upload, arrived, secondsLeft(upload)) : [],
    createdAt: upload.createdAt.toISOString(),
    expiresAt: upload.expiresAt.toISOString(),
  });

  return (app, _options, done) => {
    app.post(
      "/uploads",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "createUpload",
          summary: "Announce a file, and get URLs for its parts",
          description:
            "Bytes that the server has are `complete` at once. An open upload of the same bytes, by the same key, goes on.",
          tags: ["Uploads"],
          body: createUploadBody,
          creates: true,
          response: answers({ 201: presignedUploadResource }, "QUOTA_EXCEEDED", "STORE_UNAVAILABLE"),
        },
      },
      (request, reply) => {
        const { body, caller } = request;
        checkAnnounced(body, limits);
        return announceUpload({ database, store, presigned }, body, caller, (insert) =>
          createOnce(database, request, reply, body, async (transaction) => {
            const { upload, arrived } = await insert(transaction);
            await requireStoredBytes(transaction, caller.apiKeyId);
            return { status: 201, location: `/v1/uploads/${upload.id}`, body: resource(upload, arrived) };
          }),
        );
      },
    );

    app.get(
      "/uploads/:uploadId",
      {
        // Its URLs take bytes.
        config: { scope: "submit" },
        schema: {
          operationId: "getUpload",
          summary: "Which parts have arrived, and URLs for the others",
          tags: ["Uploads"],
          params: uploadParams,
          response: answers({ 200: presignedUploadResource }, "UPLOAD_INVALID", "STORE_UNAVAILABLE"),
        },
      },
      async (request) => {
        const { uploadId: id } = request.params;
        const upload = await database.upload.findUnique({ where: { id } });
        if (!upload) throw missing(id);
        const refusal = refusalOf(upload);
        if (refusal) throw refusal;
        const arrived = upload.state === "open" ? await presigned.arrivedParts(openUpload(upload)) : [];
        return resource(upload, arrived ?? []);
      },
    );

    app.post(
      "/uploads/:uploadId/complete",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "completeUpload",
          summary: "Join the parts, and check size and hash",
          description:
            "Asking again is harmless. 202 where it takes long, or another request is at it: ask again how it ends. Other " +
            "bytes than announced are removed with their upload.",
          tags: ["Uploads"],
          params: uploadParams,
          response: answers(
            { 200: presignedUploadResource, 202: presignedUploadResource },
            "CONFLICT",
            "UPLOAD_INVALID",
            "STORE_UNAVAILABLE",
            "BLOB_REMOVED",
          ),
        },
      },
      async (request, reply) => {
        const onError = (error: unknown) => request.log.warn({ err: error }, "An upload could not be completed.");
        const upload = await completeUpload({ database, store, presigned }, request.params.uploadId, { onError });
        return reply.code(upload.state === "complete" ? 200 : 202).send(resource(upload, []));
      },
    );

    app.delete(
      "/uploads/:uploadId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteUpload",
          summary: "Remove an upload and its parts",
          tags: ["Uploads"],
          params: uploadParams,
          response: answers({ 204: {} }, "CONFLICT", "STORE_UNAVAILABLE"),
        },
      },
      async (request, reply) => {
        const { uploadId: id } = request.params;
        const upload = await database.upload.findUnique({ where: { id } });
        if (!upload) throw missing(id);
        if (!(await deleteUpload(database, id))) {
          throw new ApiError("CONFLICT", `The upload ${id} is being completed; delete it afterwards.`);
        }
        if (upload.key !== null) await presigned.remove(openUpload(upload));
        return reply.code(204).send();
      },
    );

    done();
  };
}

function checkAnnounced({ name, sizeBytes }: CreateUploadBody, limits: UploadLimits): void {
  const problem = fileNameProblem(name);
  if (problem) throw new ApiError("VALIDATION_FAILED", `/name: ${problem}`, [{ pointer: "/name", detail: problem }]);
  const most = Math.max(limits.archiveBytes, limits.imageBytes, limits.modelBytes);
  if (sizeBytes <= most) return;
  const detail = `${sizeBytes} bytes are more than the ${most} that are allowed.`;
  throw new ApiError("PAYLOAD_TOO_LARGE", `/sizeBytes: ${detail}`, [{ pointer: "/sizeBytes", detail }]);
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no upload ${id}.`);
}
