import { checkTeacher } from "@drc/compression";
import { type Model, type Network, NetworkError, networkScale } from "@drc/network";
import { CliError, EXIT } from "../cli-error.ts";
import { readModel } from "../read-model.ts";

/** The network in a file, for the fine-tuning of what the student becomes. Throws where it cannot be its teacher. */
export async function readTeacher(file: string, student: Model): Promise<Network> {
  const teacher = (await readModel(file, "--teacher")).primal;
  const [ofTeacher, ofStudent] = [teacher, student.primal].map(({ graph }) => networkScale(graph));
  if (ofTeacher !== ofStudent) {
    throw new CliError(
      `--teacher: ${file} is a network for ×${ofTeacher}, the model one for ×${ofStudent}; give one for ×${ofStudent}.`,
      EXIT.usage,
    );
  }
  try {
    checkTeacher(teacher.graph, student.primal.graph);
  } catch (error) {
    if (error instanceof NetworkError) throw new CliError(`--teacher: ${file}: ${error.message}`, EXIT.usage);
    throw error;
  }
  return teacher;
}
