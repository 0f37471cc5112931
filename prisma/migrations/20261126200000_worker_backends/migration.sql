-- AlterTable
ALTER TABLE "Worker" DROP COLUMN "runtime",
ADD COLUMN     "backends" JSONB NOT NULL DEFAULT '[]';
