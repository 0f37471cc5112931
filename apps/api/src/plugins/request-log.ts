import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from "fastify";

/** Nobody has to sign in to fill the log: of what a caller sends, so much stands in a line. */
const SHOWN_CHARACTERS = 1_024;

/** A request as a log line tells it. */
export function describeRequest({ method, url, host, ip, socket }: FastifyRequest) {
  return { method, url: cut(url), host: cut(host), remoteAddress: ip, remotePort: socket?.remotePort };
}

/** One line for each request, at its end; at the level `debug` another one when it comes. */
export class RequestLog extends LogController {
  private readonly lines: FastifyBaseLogger;

  constructor(log: FastifyBaseLogger) {
    super({ requestIdLogLabel: "requestId" });
    // These lines have no member that could hold a secret, and to look for one takes ten times as long as the line. The
    // texts in them are censored as everywhere.
    this.lines = log.child({}, { redact: [] });
  }

  override incomingRequest(request: FastifyRequest): void {
    request.log.debug({ req: request }, "incoming request");
  }

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    if (error) {
      super.requestCompleted(error, request, reply);
      return;
    }
    const { id: requestId } = request;
    const { statusCode, elapsedTime: responseTime } = reply;
    const line = { requestId, req: describeRequest(request), res: { statusCode }, responseTime };
    this.lines.info(line, "request completed");
  }
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
