-- AlterTable
ALTER TABLE "Upload" ADD COLUMN     "completionToken" TEXT,
ADD COLUMN     "refusal" JSONB;
