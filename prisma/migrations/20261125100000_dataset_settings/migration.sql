-- AlterTable
ALTER TABLE "DatasetVersion" ADD COLUMN     "content" TEXT NOT NULL DEFAULT 'hr',
ADD COLUMN     "onAlpha" JSONB NOT NULL DEFAULT '"drop"',
ADD COLUMN     "onOddSize" TEXT NOT NULL DEFAULT 'modcrop';
