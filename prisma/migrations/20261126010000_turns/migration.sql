-- AlterTable
ALTER TABLE "ApiKey" ADD COLUMN     "servedAt" TIMESTAMPTZ(3);
