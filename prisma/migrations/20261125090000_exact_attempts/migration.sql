-- AlterTable
ALTER TABLE "Attempt" ADD COLUMN     "exact" BOOLEAN;
