-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "modelName" TEXT;
