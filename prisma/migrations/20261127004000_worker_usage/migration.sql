-- AlterTable
ALTER TABLE "Worker" ADD COLUMN     "usage" JSONB;
