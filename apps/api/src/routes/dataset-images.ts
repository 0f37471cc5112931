import {
  ApiError,
  afterQuery,
  type DatasetImage,
  datasetId,
  datasetImageQuery,
  datasetImageResource,
} from "@drc/contracts";
import { describeImages, describeVersions } from "@drc/database";
import { thumbnailPng } from "@drc/imaging";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { answers, bodyOf } from "../openapi/answers.ts";

const versionParams = z.strictObject({ datasetId, version: z.coerce.number().int().min(1) });
const imageParams = versionParams.extend({ number: z.coerce.number().int().min(1) });

/** Making one smaller holds it decoded. */
const THUMBNAILS_AT_ONCE = 2;

/** The images of a version, as an ingest made them: PNG files of 8-bit RGB. */
export function datasetImageRoutes({ database, store }: ApiContext): FastifyPluginCallbackZod {
  const inTurn = turns(THUMBNAILS_AT_ONCE);
  const missing = (id: string, number: number) =>
    new ApiError("NOT_FOUND", `There is no version ${number} of a dataset ${id}.`);

  return (app, _options, done) => {
    app.get(
      "/datasets/:datasetId/versions/:version/images",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listDatasetImages",
          summary: "The images of a version, after a number",
          tags: ["Datasets"],
          params: versionParams,
          querystring: afterQuery,
          response: answers({ 200: z.strictObject({ items: z.array(datasetImageResource) }) }),
        },
      },
      async (request) => {
        const { datasetId: id, version } = request.params;
        if ((await describeVersions(database, id, version)).length === 0) throw missing(id, version);
        const images = await describeImages(database, { datasetId: id, version, ...request.query });
        return {
          items: images.map(({ number, image: { name, width, height, hr } }) => ({
            number,
            name,
            width,
            height,
            hr: hr !== undefined,
          })),
        };
      },
    );

    app.get(
      "/datasets/:datasetId/versions/:version/images/:number",
      {
        config: { scope: "read" },
        schema: {
          operationId: "downloadDatasetImage",
          summary: "One image of a version, or a small one of it (PNG)",
          tags: ["Datasets"],
          params: imageParams,
          querystring: datasetImageQuery,
          response: answers({ 200: bodyOf("image/png") }, "STORE_UNAVAILABLE"),
        },
      },
      async (request, reply) => {
        const { datasetId: id, version, number } = request.params;
        const { size, side } = request.query;
        const [found] = await describeImages(database, { datasetId: id, version, after: number - 1, limit: 1 });
        if (!found) throw new ApiError("NOT_FOUND", `Version ${version} of the dataset ${id} has no image ${number}.`);
        const { sha256, sizeBytes } = fileOf(found.image, size);
        // A version never changes: whoever has these bytes need not ask again, and nobody between keeps them.
        reply.header("cache-control", "private, max-age=3600, immutable").type("image/png");
        if (side === undefined) {
          return reply.header("content-length", String(sizeBytes)).send(await store.stream(sha256));
        }
        return reply.send(await inTurn(async () => thumbnailPng(await store.read(sha256), side)));
      },
    );

    done();
  };
}

/** The LR image is the smallest one, which a network of the version's scale reads. */
function fileOf({ name, hr, lrs }: DatasetImage, size: "hr" | "lr") {
  if (size === "lr") return lrs[0];
  if (!hr)
    throw new ApiError("NOT_FOUND", `${name} has no HR image: the version has LR images alone. Ask for size=lr.`);
  return hr;
}

/** No more than `limit` at once; the others wait. */
function turns(limit: number) {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
