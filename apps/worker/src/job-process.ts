/**
 * Computes one attempt of a job and ends: the only program that loads TensorFlow.
 *
 * It has no credentials and no connections. It gets a task over IPC, reads local files, writes into its scratch folder
 * and reports over IPC; it ends when the channel closes, so that nothing computes on for a pool that is gone.
 */
import { pid } from "node:process";
import { AbortedError } from "@drc/compression";
import { loadTensorFlow } from "@drc/tensorflow";
import { describeError } from "./job/describe-error.ts";
import { describeRuntime } from "./job/describe-runtime.ts";
import { ParentChannel } from "./job/parent-channel.ts";
import { TaskContext } from "./job/task-context.ts";
import { type ProbeMessage, parentMessage, type TaskMessage } from "./protocol.ts";
import { runners } from "./runners/index.ts";

const channel = new ParentChannel(process);
const stop = new AbortController();

async function runTask(task: TaskMessage): Promise<void> {
  const context = new TaskContext(task, channel, stop.signal);
  try {
    await context.announce();
    const { result, files } = await runners[task.kind](context);
    await channel.send({ type: "result", result, files });
  } catch (error) {
    if (error instanceof AbortedError) await channel.send({ type: "stopped", step: error.step });
    else await channel.send({ type: "error", error: describeError(error) });
  }
}

/** Loads the backend as a job does, and computes with it. */
async function probe({ device, threads }: ProbeMessage): Promise<void> {
  try {
    const tensorflow = await loadTensorFlow({ device, threads });
    const { tf } = tensorflow;
    const [sum] = tf.tidy(() => tf.matMul(tf.ones([1, 3]), tf.ones([3, 1])).dataSync());
    if (sum !== 3) throw new Error(`TensorFlow computes 1 + 1 + 1 = ${sum} on ${device}.`);
    await channel.send({ type: "ready", runtime: describeRuntime(tensorflow) });
  } catch (error) {
    await channel.send({ type: "error", error: { code: "BACKEND_UNAVAILABLE", detail: (error as Error).message } });
  }
}

process.on("message", (raw) => {
  const message = parentMessage.parse(raw);
  if (message.type === "stop") return stop.abort(message.reason);
  const work = message.type === "probe" ? probe(message) : runTask(message);
  work.then(
    () => process.exit(0),
    (error) => {
      process.stderr.write(`job process ${pid}: ${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(1));
// The pool decides when a job stops; a signal to the whole group (Ctrl-C at a terminal) reaches it as well.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
