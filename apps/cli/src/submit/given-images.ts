import { type DatasetContent, type DatasetInput, type DatasetVersionResource, datasetId } from "@drc/contracts";
import type { DrcClient, NewDatasetVersion } from "@drc/sdk";
import { CliError, EXIT } from "../cli-error.ts";
import { serverErrorLine } from "../server/client.ts";
import { findImages, type ImageFolder, uploadImages } from "./upload-images.ts";

/** Images that an option names: a folder that is still to be uploaded, or a dataset version of the server. */
export type GivenImages = ImageFolder | DatasetVersionResource;

/**
 * The version that `given` names, as `ds_…` (its newest that is ready) or `ds_…@2`; undefined for a folder. `field` is
 * the option.
 */
export async function givenVersion(
  client: DrcClient,
  field: string,
  given: string,
): Promise<DatasetVersionResource | undefined> {
  const [id, number, ...more] = given.split("@");
  if (!datasetId.safeParse(id).success || more.length > 0) return undefined;
  if (number !== undefined && !/^[1-9]\d*$/.test(number)) {
    throw new CliError(`${field}: ${given}: a version is a whole number, such as ${id}@1.`, EXIT.usage);
  }
  const versions = await client.datasets.versions(id).catch((error: unknown) => {
    const line = serverErrorLine(error);
    throw line === undefined ? error : new CliError(`${field}: ${given}: ${line}`);
  });
  const found = versions
    .filter(({ state, version }) => (number === undefined ? state === "ready" : version === Number(number)))
    .sort((a, b) => b.version - a.version)[0];
  if (!found) throw new CliError(`${field}: ${id} has no version ${number ?? "that is ready"}.`);
  if (found.state !== "ready") throw new CliError(`${field}: version ${number} of ${id} is ${found.state}, not ready.`);
  return found;
}

/** What `given` names, a version or a folder whose images are of the kind `content`. Nothing is uploaded yet. */
export async function givenImages(
  client: DrcClient,
  field: string,
  given: string,
  content: DatasetContent,
): Promise<GivenImages> {
  return (await givenVersion(client, field, given)) ?? (await findImages(field, given, content));
}

/** The version that a job is to read: a folder's is made now. */
export async function datasetOf(
  client: DrcClient,
  images: GivenImages,
  settings: Omit<NewDatasetVersion, "content">,
): Promise<DatasetInput> {
  if ("folder" in images) return uploadImages(client, images, settings);
  const { datasetId: id, version } = images;
  return { datasetId: id, version };
}
