-- AlterTable
ALTER TABLE "Dataset" ADD COLUMN     "lastVersion" INTEGER NOT NULL DEFAULT 0;

UPDATE "Dataset" SET "lastVersion" = (
    SELECT coalesce(max("number"), 0) FROM "DatasetVersion" WHERE "datasetId" = "Dataset"."id"
);
